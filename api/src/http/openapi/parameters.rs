//! Parameters of paths, queries and headers, by the names that the table of routes uses.

use payfold_store::schema;
use serde_json::{Map, Value, json};

/// Every parameter.
pub(super) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    all.extend(
        in_paths()
            .into_iter()
            .map(|(name, schema)| placed("path", name, name, schema)),
    );
    all.extend(
        in_queries()
            .into_iter()
            .map(|(key, name, schema)| placed("query", key, name, schema)),
    );
    all.extend(
        in_headers()
            .into_iter()
            .map(|(key, name, schema)| placed("header", key, name, schema)),
    );
    all
}

fn placed(place: &str, key: &str, name: &str, schema: Value) -> (String, Value) {
    let required = place == "path";
    // Lists are comma-separated.
    let parameter = json!({
        "in": place, "name": name, "required": required, "schema": schema, "explode": false,
    });
    (key.to_owned(), parameter)
}

fn in_paths() -> [(&'static str, Value); 6] {
    [
        (
            "order_no",
            json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$" }),
        ),
        (
            "account",
            json!({ "type": "string", "pattern": "^[a-z0-9_]{1,32}$" }),
        ),
        (
            "out_trade_no",
            json!({
                "type": "string",
                "pattern": "^[0-9A-Za-z_|*-]{1,64}$",
                "description": "6 to 32 of 0-9A-Za-z_; of an `external` payment what its gateway takes.",
            }),
        ),
        (
            "refund_no",
            json!({
                "type": "string",
                "pattern": "^[0-9A-Za-z_|*@-]{1,64}$",
                "description": "Of a new refund 1 to 64 of 0-9A-Za-z_-, not starting with pf-.",
            }),
        ),
        (
            "id",
            json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
        ),
        (
            "token",
            json!({ "type": "string", "pattern": "^[0-9A-Za-z._-]{1,256}$" }),
        ),
    ]
}

fn in_queries() -> [(&'static str, &'static str, Value); 13] {
    let cursor = json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$" });
    let instant = json!({ "type": "string", "format": "date-time" });
    let day = json!({ "type": "string", "format": "date" });
    let kinds: Vec<&str> = schema::events().map(|event| event.name).collect();
    [
        (
            "limit",
            "limit",
            json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": 50 }),
        ),
        ("after", "after", cursor.clone()),
        ("at", "at", cursor),
        (
            "wait",
            "wait",
            json!({ "type": "integer", "minimum": 0, "maximum": 30 }),
        ),
        (
            "order_status",
            "status",
            json!({ "type": "string", "enum": ["open", "paid", "cancelled", "expired", "corrupt"] }),
        ),
        (
            "shipment_status",
            "status",
            json!({
                "type": "string",
                "enum": ["requested", "held", "dispatched", "delivered", "cancelled"],
            }),
        ),
        (
            "exception_status",
            "status",
            json!({ "type": "string", "enum": ["open", "resolved"] }),
        ),
        ("created_from", "created_from", instant.clone()),
        ("created_to", "created_to", instant),
        ("from", "from", day.clone()),
        ("to", "to", day),
        (
            "evidence",
            "evidence",
            json!({ "type": "string", "enum": ["true", "false"] }),
        ),
        (
            "type",
            "type",
            json!({
                "type": "array", "minItems": 1, "items": { "type": "string", "enum": kinds },
            }),
        ),
    ]
}

fn in_headers() -> [(&'static str, &'static str, Value); 3] {
    let cursor = json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$" });
    [
        (
            "if_none_match",
            "If-None-Match",
            json!({ "type": "string" }),
        ),
        ("min_as_of", "Payfold-Min-As-Of", cursor.clone()),
        ("last_event_id", "Last-Event-ID", cursor),
    ]
}
