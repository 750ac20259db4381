//! The events of the feed: the form that all have, and the `data` of each.

use payfold_store::schema;
use serde_json::{Value, json};

use super::reference;

/// The schemas of events: `Event`, and one of the data of each kind.
pub(super) fn schemas() -> Vec<(String, Value)> {
    let mut schemas: Vec<(String, Value)> = schema::events()
        .map(|event| (format!("{}Data", event.name), event.json()))
        .collect();
    schemas.push(("Event".to_owned(), event()));
    schemas
}

fn event() -> Value {
    let kinds: Vec<Value> = schema::events()
        .map(|event| {
            json!({
                "title": event.name,
                "properties": {
                    "type": { "const": format!("payfold.{}", event.name) },
                    "data": reference(&format!("{}Data", event.name)),
                },
            })
        })
        .collect();
    json!({
        "description": "An event, in the JSON form of CloudEvents 1.0. `private` and `evidence` stand \
                        in it only where an admin asks an order's events for them.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data", "cursor", "streamversion"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "format": "uuid" },
            "source": { "type": "string" },
            "type": { "type": "string" },
            "subject": { "type": "string" },
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "const": "application/json" },
            "data": { "type": "object" },
            "cursor": { "type": "string" },
            "streamversion": { "type": "integer", "minimum": 1 },
            "evidencehash": { "type": "string" },
            "private": { "type": ["object", "null"] },
            "evidence": {
                "type": ["object", "null"],
                "properties": {
                    "body_base64": { "type": "string", "contentEncoding": "base64" },
                    "headers": { "type": "array", "items": { "type": "array", "items": { "type": "string" } } },
                    "key": { "type": "string" },
                },
            },
        },
        "oneOf": kinds,
    })
}
