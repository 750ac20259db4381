//! `/openapi.json`: the routes, described for programs (OpenAPI 3.1). The tables say what each route
//! takes and answers; what follows from it (who may call, which problems any such route has) is put
//! together here.

mod answers;
mod events;
mod parameters;
mod requests;
mod route;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use super::problem::Kind;
use crate::app::Scope;
use route::{Access, Body, Route};
use routes::ROUTES;

static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

/// Reads the description.
pub(crate) async fn read_openapi() -> Response {
    let body = DOCUMENT
        .get_or_init(|| Bytes::from(document().to_string()))
        .clone();
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], body).into_response()
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_owned(), operation(route));
        }
    }
    let mut schemas = Map::new();
    schemas.extend(requests::schemas());
    schemas.extend(answers::schemas());
    schemas.extend(events::schemas());
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "payfold",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters::all(),
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": scopes() },
                "read_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The `read_token` of one order, good for 24 h: it shows that order alone.",
                },
            },
        },
    })
}

const INTRODUCTION: &str = "Orders paid through Alipay and WeChat Pay. Amounts are integers in the \
    currency's minor unit; times are RFC 3339 in UTC. A write is a `PUT` to a name that the caller \
    gives, or a `POST` that says what is already so: sending it again is always safe. Errors are \
    problem documents (RFC 9457) with a stable `type`; in `errors`, a `pointer` is a JSON pointer \
    into the body, or `/path/NAME` or `/query/NAME`. A cursor is opaque and names the last event \
    read; lists and reports carry `Payfold-As-Of`, and wait for `Payfold-Min-As-Of`.";

fn scopes() -> String {
    let names: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
    format!("An API key. Each has its scopes, of: {}.", names.join(", "))
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = placeholders(route.path)
        .chain(route.parameters.iter().copied())
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    if route.headers_of_views() {
        parameters.push(json!({ "$ref": "#/components/parameters/min_as_of" }));
    }
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.about,
        "parameters": parameters,
        "responses": responses(route),
    });
    if let (Some(operation), Some(security)) = (operation.as_object_mut(), security(route)) {
        operation.insert("security".to_owned(), security);
    }
    if let (Some(operation), Some(body)) = (operation.as_object_mut(), route.body) {
        operation.insert("requestBody".to_owned(), request_body(body));
    }
    operation
}

/// The names in a path's braces.
fn placeholders(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
}

fn security(route: &Route) -> Option<Value> {
    match route.access {
        Access::Everybody => None,
        Access::Scope(scope) => Some(json!([{ "key": [scope.as_str()] }])),
        Access::OrderReaders => {
            let scope = Scope::OrdersRead.as_str();
            Some(json!([{ "key": [scope] }, { "read_token": [] }]))
        }
    }
}

fn request_body(body: Body) -> Value {
    match body {
        Body::Json(schema) => json!({
            "required": true,
            "content": { "application/json": { "schema": reference(schema) } },
        }),
        Body::JsonIfAny(schema) => json!({
            "required": false,
            "content": { "application/json": { "schema": reference(schema) } },
        }),
        Body::Notify => json!({
            "required": true,
            "content": {
                "application/x-www-form-urlencoded": { "schema": { "type": "object" } },
                "application/json": { "schema": {} },
                "text/xml": { "schema": {} },
            },
        }),
    }
}

fn responses(route: &Route) -> Value {
    let mut by_status: BTreeMap<u16, Told> = BTreeMap::new();
    for answer in route.answers {
        let told = by_status.entry(answer.status).or_default();
        told.about.push(answer.about.to_owned());
        told.contents.extend(answer.by_media_type());
        told.headers.extend(answer.headers.iter().copied());
        told.headers
            .extend(route.headers_of_views().then_some("Payfold-As-Of"));
    }
    for kind in problems(route) {
        let told = by_status.entry(kind.status().as_u16()).or_default();
        told.about.push(format!("`{}`", kind.name()));
        told.contents
            .insert("application/problem+json", reference("Problem"));
    }
    by_status
        .into_iter()
        .map(|(status, told)| (status.to_string(), told.json()))
        .collect()
}

/// Everything that is told of one status.
#[derive(Default)]
struct Told {
    about: Vec<String>,
    contents: BTreeMap<&'static str, Value>,
    headers: BTreeSet<&'static str>,
}

impl Told {
    fn json(mut self) -> Value {
        self.about.dedup();
        let content: Map<String, Value> = self
            .contents
            .into_iter()
            .map(|(media_type, schema)| (media_type.to_owned(), json!({ "schema": schema })))
            .collect();
        let headers: Map<String, Value> = self
            .headers
            .into_iter()
            .map(|name| (name.to_owned(), json!({ "schema": { "type": "string" } })))
            .collect();
        json!({ "description": self.about.join(" "), "content": content, "headers": headers })
    }
}

/// The problems that a route has, with those that every route of its kind has.
fn problems(route: &Route) -> Vec<Kind> {
    let mut kinds = route.problems.to_vec();
    match route.access {
        Access::Everybody => {}
        Access::Scope(_) | Access::OrderReaders => {
            kinds.extend([Kind::Unauthorized, Kind::Forbidden, Kind::Overloaded]);
            if placeholders(route.path).next().is_some() || !route.parameters.is_empty() {
                kinds.push(Kind::Invalid);
            }
        }
    }
    if route.parameters.contains(&"after") || route.headers_of_views() {
        kinds.push(Kind::CursorUnknown);
    }
    if route.headers_of_views() {
        kinds.push(Kind::Behind);
    }
    if route.body.is_some() {
        kinds.extend([Kind::Malformed, Kind::TooLarge]);
    }
    kinds.sort_by_key(|kind| kind.name());
    kinds.dedup();
    kinds
}

fn problem_schema() -> Value {
    let types: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| format!("/problems/{}", kind.name()))
        .collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "reason"],
                    "properties": {
                        "pointer": { "type": "string" },
                        "reason": { "type": "string" },
                        "have": { "description": "What is there, for a conflict." },
                        "got": { "description": "What was asked for, for a conflict." },
                    },
                },
            },
            "left_minor": { "type": "integer", "description": "With `refund-too-much`." },
            "gateway_code": { "type": "string", "description": "With `gateway-refused`." },
            "gateway_message": { "type": "string", "description": "With `gateway-refused`." },
        },
    })
}

/// A schema by its name.
fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests;
