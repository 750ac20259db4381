//! The published description of every event's `data`, as JSON Schema, for those who read the feed.
//! A test holds it against the golden files.

mod beside;
mod field;
mod order;
mod payment;
mod refund;

use serde_json::{Map, Value, json};

/// Every event of the feed.
pub fn events() -> impl Iterator<Item = &'static EventSchema> {
    [
        order::EVENTS,
        payment::EVENTS,
        refund::EVENTS,
        beside::EVENTS,
    ]
    .into_iter()
    .flatten()
}

/// One kind of event.
#[derive(Debug, Clone, Copy)]
pub struct EventSchema {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// The fields of its data, in groups.
    fields: &'static [&'static [Field]],
}

/// A field of an event's data.
#[derive(Debug, Clone, Copy)]
struct Field {
    name: &'static str,
    form: FieldForm,
    presence: Presence,
    about: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    WhereKnown,
}

#[derive(Debug, Clone, Copy)]
enum FieldForm {
    /// Any text.
    Text,
    /// A text of that pattern.
    Pattern(&'static str),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An instant, RFC 3339 UTC with microseconds.
    Instant,
    /// `{"currency","minor"}`.
    Money,
    /// An integer from that one on.
    Integer(i64),
    /// An object of fields.
    Object(&'static [Field]),
    /// A list of such objects.
    List(&'static [Field]),
}

impl EventSchema {
    /// The JSON Schema (2020-12, as OpenAPI 3.1 embeds it) of the event's `data`. Fields may be added
    /// later, so none but the listed ones are promised and others are allowed.
    pub fn json(&self) -> Value {
        let mut schema = object(self.fields.iter().copied().flatten());
        schema.insert("title".to_owned(), self.name.into());
        schema.insert("description".to_owned(), self.about.into());
        Value::Object(schema)
    }
}

fn object<'a>(fields: impl Iterator<Item = &'a Field>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut schema = form(field.form);
        schema.insert("description".to_owned(), field.about.into());
        properties.insert(field.name.to_owned(), Value::Object(schema));
        if field.presence == Presence::Always {
            required.push(Value::from(field.name));
        }
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), "object".into());
    object.insert("properties".to_owned(), Value::Object(properties));
    object.insert("required".to_owned(), Value::Array(required));
    object
}

fn form(form: FieldForm) -> Map<String, Value> {
    let schema = match form {
        FieldForm::Text => json!({"type": "string"}),
        FieldForm::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
        FieldForm::OneOf(texts) => json!({"type": "string", "enum": texts}),
        FieldForm::Instant => json!({"type": "string", "format": "date-time"}),
        FieldForm::Money => json!({
            "type": "object",
            "properties": {
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "minor": {"type": "integer", "format": "int64"},
            },
            "required": ["currency", "minor"],
        }),
        FieldForm::Integer(least) => json!({"type": "integer", "minimum": least}),
        FieldForm::Object(fields) => Value::Object(object(fields.iter())),
        FieldForm::List(fields) => json!({
            "type": "array",
            "items": object(fields.iter()),
        }),
    };
    match schema {
        Value::Object(schema) => schema,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
