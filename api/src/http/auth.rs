//! Who is calling, and whether that caller may: API keys with scopes, and the read tokens of single
//! orders. This is looked at before anything else of a request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};
use payfold_domain::OrderNo;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::problem::{Kind, Problem};
use crate::app::{ApiKey, App, Scope};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The holder of an API key.
    Key {
        /// The key's name.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// The holder of an order's read token.
    Reader(OrderNo),
}

/// Who may call a route.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Admits {
    /// Keys of that scope.
    Scope(Scope),
    /// Keys that read orders, and read tokens.
    OrderReaders,
    /// Read tokens alone: on a listener that buyers reach, no key is taken.
    TokensAlone,
}

impl Caller {
    /// Makes sure that the caller may do what the scope names.
    pub(crate) fn must_have(&self, scope: Scope) -> Result<(), Problem> {
        match self {
            Self::Key { scopes, .. } if scopes.contains(&scope) => Ok(()),
            Self::Key { name, .. } => {
                let detail = format!("the key {name} does not have the scope {}", scope.as_str());
                Err(Problem::new(Kind::Forbidden, detail))
            }
            Self::Reader(_) => Err(other_route()),
        }
    }

    /// The name under which the caller's decisions are kept.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Key { name, .. } => name,
            Self::Reader(_) => "",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(nobody)
    }
}

/// Lets a request through whose caller the route admits, and tells the route who it is.
pub(crate) async fn gate(
    State((app, admits)): State<(Arc<App>, Admits)>,
    mut request: Request,
    next: Next,
) -> Response {
    let admitted = authenticate(&app, request.headers()).and_then(|caller| {
        admit(&caller, admits)?;
        Ok(caller)
    });
    match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn admit(caller: &Caller, admits: Admits) -> Result<(), Problem> {
    match (admits, caller) {
        (Admits::Scope(scope), _) => caller.must_have(scope),
        (Admits::OrderReaders | Admits::TokensAlone, Caller::Reader(_)) => Ok(()),
        (Admits::OrderReaders, Caller::Key { .. }) => caller.must_have(Scope::OrdersRead),
        (Admits::TokensAlone, Caller::Key { .. }) => Err(nobody()),
    }
}

fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(nobody());
    };
    let bearer = value.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((scheme, token)) = bearer else {
        return Err(nobody());
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(nobody());
    }
    let token = token.trim();
    if let Some(key) = key_of(&app.settings.api_keys.all(), token) {
        return Ok(Caller::Key {
            name: key.name.clone(),
            scopes: key.scopes.clone(),
        });
    }
    let order_no = app.tokens.read_token_order(token, app.world.now());
    order_no.map(Caller::Reader).ok_or_else(nobody)
}

/// The key that hashes to what is configured. All keys are looked at, whichever it is.
fn key_of<'a>(keys: &'a [ApiKey], presented: &str) -> Option<&'a ApiKey> {
    let hash: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
    let mut found = u32::MAX;
    for (index, key) in (0_u32..).zip(keys) {
        let equal: Choice = key.sha256.ct_eq(&hash);
        found.conditional_assign(&index, equal);
    }
    keys.get(usize::try_from(found).ok()?)
}

fn nobody() -> Problem {
    Problem::new(
        Kind::Unauthorized,
        "an API key is asked for: Authorization: Bearer KEY",
    )
}

/// A read token shows its own order, and does nothing else.
pub(crate) fn other_route() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "a read token is good for GET of its own order alone",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, secret: &str) -> ApiKey {
        let sha256 = Sha256::digest(secret.as_bytes()).into();
        ApiKey {
            name: name.to_owned(),
            sha256,
            scopes: vec![Scope::OrdersRead],
        }
    }

    #[test]
    fn a_key_is_found_by_its_hash_wherever_it_stands() {
        let keys = [key("one", "k1"), key("two", "k2"), key("three", "k3")];
        for (secret, name) in [
            ("k1", Some("one")),
            ("k2", Some("two")),
            ("k3", Some("three")),
            ("k4", None),
            ("", None),
        ] {
            assert_eq!(key_of(&keys, secret).map(|key| key.name.as_str()), name);
        }
        assert!(key_of(&[], "k1").is_none());
    }

    #[test]
    fn a_missing_scope_is_named() {
        let caller = Caller::Key {
            name: "shop".into(),
            scopes: vec![Scope::OrdersRead],
        };
        assert!(caller.must_have(Scope::OrdersRead).is_ok());
        let refused = format!("{:?}", caller.must_have(Scope::Admin).unwrap_err());
        assert!(refused.contains("admin"), "{refused}");
    }

    #[test]
    fn a_read_token_does_what_no_scope_does() {
        let reader = Caller::Reader(OrderNo::new("A-1").unwrap());
        for scope in Scope::ALL {
            assert!(reader.must_have(scope).is_err());
        }
        assert!(admit(&reader, Admits::OrderReaders).is_ok());
        let key = Caller::Key {
            name: "shop".into(),
            scopes: Scope::ALL.to_vec(),
        };
        assert!(admit(&key, Admits::TokensAlone).is_err());
    }
}
