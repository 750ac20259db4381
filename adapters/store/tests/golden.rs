//! Golden files: the bytes of every event, which outside systems read and which must stay readable.
//! `UPDATE_GOLDEN=1 cargo test -p payfold-store` writes files that are not there yet, and never
//! another content into one that is: a form that changes gets a file of its own, and the old one stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ::bytes::Bytes;
use payfold_domain::event::Event;
use payfold_store::{
    Encoded, Kept, Position, Recorded, StreamName, commit, decode, encode, schema,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::samples;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// A golden file, its values byte for byte.
#[derive(serde::Deserialize)]
struct Golden {
    stream: String,
    kind: String,
    schema: u16,
    data: Box<RawValue>,
    private: Option<Box<RawValue>>,
}

fn golden(name: &str) -> Golden {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn stream(event: &Event) -> StreamName {
    match event {
        Event::Order(_) => StreamName::Order(samples::order_no()),
        Event::Stray(_) => StreamName::Stray(samples::payment()),
        Event::Account(_) => StreamName::Account(samples::account()),
        Event::Bill(_) => StreamName::Bill {
            account: samples::account(),
            date: "2026-11-24".to_owned(),
        },
    }
}

fn write(event: &Event, encoded: &Encoded) -> String {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let private = encoded.private.as_ref().map_or("null".to_owned(), text);
    format!(
        "{{\n  \"stream\": \"{}\",\n  \"kind\": \"{}\",\n  \"schema\": {},\n  \"data\": {},\n  \"private\": {private}\n}}\n",
        stream(event),
        encoded.kind,
        encoded.schema,
        text(&encoded.data),
    )
}

/// A golden file as it would lie in a store.
fn recorded(golden: &Golden) -> Recorded {
    let private = golden.private.as_ref().map(|raw| {
        let bytes = Bytes::from(raw.get().to_owned());
        Kept {
            commitment: commit(&[0; 32], &bytes),
            opening: Some(([0; 32], bytes)),
        }
    });
    Recorded {
        position: Position(1),
        stream: StreamName::parse(&golden.stream).unwrap(),
        version: 1,
        id: Uuid::nil(),
        kind: golden.kind.as_str().into(),
        schema: golden.schema,
        time: samples::time(),
        data: Bytes::from(golden.data.get().to_owned()),
        private,
        evidence: None,
        hash: [0; 32],
    }
}

#[test]
fn every_event_is_written_as_its_golden_file_says() {
    for (name, event) in samples::all() {
        let encoded = encode(&event).unwrap();
        let path = folder().join(format!("{name}.json"));
        let text = write(&event, &encoded);
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap_or_default(),
            text,
            "{name}"
        );
    }
}

#[test]
fn every_golden_file_still_reads_as_the_event_that_it_was() {
    for (name, event) in samples::all().into_iter().chain(samples::only_read()) {
        assert_eq!(decode(&recorded(&golden(name))).unwrap(), event, "{name}");
    }
}

#[test]
fn every_golden_file_has_its_sample() {
    let names: BTreeSet<String> = samples::all()
        .into_iter()
        .chain(samples::only_read())
        .map(|(name, _)| format!("{name}.json"))
        .collect();
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, files);
}

#[test]
fn what_is_dropped_from_an_event_leaves_the_rest_readable() {
    for (name, event) in samples::all() {
        let whole = recorded(&golden(name));
        let Some(kept) = whole.private.clone() else {
            continue;
        };
        let dropped = Recorded {
            private: Some(Kept {
                opening: None,
                ..kept
            }),
            ..whole
        };
        let read = decode(&dropped).unwrap();
        assert_ne!(read, event, "{name}");
        let again = encode(&read).unwrap();
        assert_eq!((again.data, again.private), (dropped.data, None), "{name}");
    }
}

#[test]
fn every_event_has_a_schema_that_its_golden_files_fit() {
    let mut named = BTreeSet::new();
    for (name, event) in samples::all().into_iter().chain(samples::only_read()) {
        let golden = golden(name);
        let schema = schema::events()
            .find(|schema| schema.name == event.name())
            .unwrap_or_else(|| panic!("{} has no schema", event.name()));
        let data = serde_json::from_str(golden.data.get()).unwrap();
        fits(name, &schema.json(), &data);
        named.insert(schema.name);
    }
    let all: BTreeSet<&str> = schema::events().map(|schema| schema.name).collect();
    assert_eq!(named, all);
}

/// Each key is described, each required one is there, each value has its type.
fn fits(at: &str, schema: &serde_json::Value, value: &serde_json::Value) {
    let kind = match value {
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                let described = &schema["properties"][key];
                assert!(described.is_object(), "{at}: {key} is not described");
                fits(&format!("{at}.{key}"), described, member);
            }
            for key in schema["required"].as_array().unwrap() {
                let key = key.as_str().unwrap();
                assert!(members.contains_key(key), "{at}: {key} is missing");
            }
            "object"
        }
        serde_json::Value::Array(items) => {
            for item in items {
                fits(&format!("{at}[]"), &schema["items"], item);
            }
            "array"
        }
        serde_json::Value::String(text) => {
            if let Some(choices) = schema["enum"].as_array() {
                assert!(choices.iter().any(|choice| choice == text), "{at}: {text}");
            }
            "string"
        }
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::Null | serde_json::Value::Bool(_) => "nothing that an event holds",
    };
    assert_eq!(schema["type"], kind, "{at}");
}
