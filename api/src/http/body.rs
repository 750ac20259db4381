//! Request bodies: bounded in size and time while they are read, and JSON objects taken apart field by
//! field, so that everything wrong with one is told at once. What a field means is its route's own.

pub(crate) mod fields;
mod tree;

use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequest;
use bytes::Bytes;
use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};

pub(crate) use fields::{Fields, Flaws};

use super::problem::{Kind, Problem};

/// The most bytes that a body may have.
pub(crate) const LIMIT: usize = 64 * 1024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body's bytes, at most [`LIMIT`] of them.
pub(crate) struct Bounded(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Bounded {
    type Rejection = Problem;

    async fn from_request(request: http::Request<Body>, _: &S) -> Result<Self, Problem> {
        let told = request.headers().get(header::CONTENT_LENGTH);
        let told = told.and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|len| usize::try_from(len).map_or(true, |len| len > LIMIT)) {
            return Err(too_large());
        }
        let read = Limited::new(request.into_body(), LIMIT).collect();
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(whole)) => Ok(Self(whole.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Problem::new(Kind::Malformed, "the body broke off")),
            Err(_) => Err(Problem::new(
                Kind::Malformed,
                "the body did not arrive in time",
            )),
        }
    }
}

fn too_large() -> Problem {
    Problem::new(Kind::TooLarge, format!("a body has at most {LIMIT} bytes"))
}

/// A body that is a JSON object; an empty body where a route asks for nothing is an empty object.
pub(crate) struct JsonBody(Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: http::Request<Body>, state: &S) -> Result<Self, Problem> {
        Ok(Self(Bounded::from_request(request, state).await?.0))
    }
}

impl JsonBody {
    /// Reads the object's fields. Fields that `read` does not ask for are errors; so is whatever it
    /// notes in the flaws.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&mut Fields<'_>, &mut Flaws) -> Option<T>,
    ) -> Result<T, Problem> {
        let (mut object, mut flaws) = tree::object(&self.0)?;
        let mut fields = Fields::new(&mut object, "");
        let value = read(&mut fields, &mut flaws);
        fields.finish(&mut flaws);
        flaws.into_result(value)
    }

    /// As [`JsonBody::read`], of a body that may also be absent.
    pub(crate) fn read_if_any<T>(
        &self,
        read: impl FnOnce(&mut Fields<'_>, &mut Flaws) -> Option<T>,
    ) -> Result<T, Problem> {
        if self.0.is_empty() {
            Self(Bytes::from_static(b"{}")).read(read)
        } else {
            self.read(read)
        }
    }

    /// The exact text of a member of the object, once the body is known to be one.
    pub(crate) fn text_of(&self, name: &str) -> Option<String> {
        tree::member_text(&self.0, name)
    }
}

#[cfg(test)]
mod tests;
