//! The parameters of a query string, taken out one by one. Parameters that a route does not know, or
//! that stand twice, are errors like values outside their grammar.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::body::Flaws;
use super::problem::Problem;

/// The most rows of a page.
const MOST_ROWS: usize = 500;

/// The rows of a page where none are named.
const USUAL_ROWS: usize = 50;

/// A query string's parameters that nobody has asked for yet.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    flaws: Flaws,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self {
            pairs: Vec::new(),
            flaws: Flaws::default(),
        };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decoded(name), decoded(value)) {
                (Some(name), Some(_)) if query.pairs.iter().any(|(known, _)| *known == name) => {
                    query.flaws.note(format!("/query/{name}"), "stands twice");
                }
                (Some(name), Some(value)) => query.pairs.push((name, value)),
                (name, _) => {
                    let name = name.unwrap_or_default();
                    query
                        .flaws
                        .note(format!("/query/{name}"), "is not percent-encoded UTF-8");
                }
            }
        }
        query
    }

    /// A parameter, where it is there and `read` can take it.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let index = self.pairs.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.pairs.swap_remove(index);
        self.flaws.check(&format!("/query/{name}"), read(&value))
    }

    /// How many rows a page shall have.
    pub(crate) fn limit(&mut self) -> usize {
        self.take("limit", number(1, MOST_ROWS))
            .unwrap_or(USUAL_ROWS)
    }

    /// Notes that two parameters do not fit together.
    pub(crate) fn note(&mut self, name: &str, reason: &str) {
        self.flaws.note(format!("/query/{name}"), reason);
    }

    /// What was read, where nothing is wrong with the query and nothing is left over.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        for (name, _) in self.pairs {
            self.flaws.note(format!("/query/{name}"), "is not known");
        }
        self.flaws.into_result(Some(value))
    }
}

/// A form's text: percent-encoded, with `+` for a space.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// A whole number within bounds.
pub(crate) fn number(least: usize, most: usize) -> impl FnOnce(&str) -> Result<usize, String> {
    move |text| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| digits && (least..=most).contains(number))
            .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// One of several names.
pub(crate) fn named<T>(
    from_name: impl FnOnce(&str) -> Option<T>,
    names: String,
) -> impl FnOnce(&str) -> Result<T, String> {
    move |text| from_name(text).ok_or_else(|| format!("must be one of {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_with_a_query_is_told_at_once() {
        let mut query = Query::parse("limit=0&colour=red&limit=5&x=%ff");
        let limit = query.limit();
        let problem = query.finish(limit).unwrap_err();
        let told = format!("{problem:?}");
        for pointer in ["/query/limit", "/query/colour", "/query/x"] {
            assert!(told.contains(pointer), "{told}");
        }
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_500() {
        for (text, limit) in [
            ("", Some(50)),
            ("limit=1", Some(1)),
            ("limit=500", Some(500)),
        ] {
            let mut query = Query::parse(text);
            let read = query.limit();
            assert_eq!(query.finish(read).ok(), limit, "{text}");
        }
        for text in [
            "limit=0",
            "limit=501",
            "limit=+5",
            "limit=",
            "limit=1e2",
            "limit=-1",
        ] {
            let mut query = Query::parse(text);
            let read = query.limit();
            assert!(query.finish(read).is_err(), "{text}");
        }
    }
}
