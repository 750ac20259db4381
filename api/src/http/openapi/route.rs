//! A route as the description has it: what it takes, who may call it, and what it answers.

use serde_json::{Value, json};

use super::reference;
use crate::app::Scope;
use crate::http::problem::Kind;

/// A route.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    pub(super) access: Access,
    /// Parameters beside those in the path, by their names in the components.
    pub(super) parameters: &'static [&'static str],
    pub(super) body: Option<Body>,
    pub(super) answers: &'static [Answer],
    /// Problems beside those that every such route has.
    pub(super) problems: &'static [Kind],
}

/// Who may call a route.
#[derive(Clone, Copy)]
pub(super) enum Access {
    Everybody,
    Scope(Scope),
    OrderReaders,
}

/// What a route takes as its body.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Json(&'static str),
    JsonIfAny(&'static str),
    Notify,
}

/// An answer that is no problem.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) about: &'static str,
    pub(super) contents: &'static [Content],
    pub(super) headers: &'static [&'static str],
}

pub(super) enum Content {
    Json(&'static str),
    Text(&'static str),
}

impl Route {
    /// Whether the route reads a view, and so waits for one and says how far it has come.
    pub(super) fn headers_of_views(&self) -> bool {
        self.answers.iter().any(|answer| answer.about == PAGE)
    }
}

impl Answer {
    /// What the answer holds, by its media type.
    pub(super) fn by_media_type(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.contents.iter().map(|content| match content {
            Content::Json(schema) => ("application/json", reference(schema)),
            Content::Text(media_type) => (*media_type, json!({ "type": "string" })),
        })
    }
}

/// A page out of a view.
pub(super) const PAGE: &str = "A page, true as of `Payfold-As-Of`.";

pub(super) const fn ok(schema: &'static [Content], about: &'static str) -> Answer {
    Answer {
        status: 200,
        about,
        contents: schema,
        headers: &[],
    }
}

pub(super) const fn written(status: u16, schema: &'static [Content]) -> Answer {
    let about = if status == 201 {
        "It was made."
    } else {
        "It is so, or was so already."
    };
    Answer {
        status,
        about,
        contents: schema,
        headers: &["Payfold-As-Of"],
    }
}

/// A route that nobody needs to be known for, and that takes nothing.
pub(super) const OPEN: Route = Route {
    method: "get",
    path: "",
    id: "",
    about: "",
    access: Access::Everybody,
    parameters: &[],
    body: None,
    answers: &[],
    problems: &[],
};
