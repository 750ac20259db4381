//! The one form that an event has outside: a CloudEvents 1.0 JSON object. Its stored data goes into
//! it byte for byte.

use bytes::Bytes;
use serde::Serialize;

use crate::port::{Recorded, StoreError};
use crate::{hex, instant};

/// What stands before an event's name in its CloudEvents type.
pub const TYPE_PREFIX: &str = "payfold.";

/// The members before `data`.
#[derive(Serialize)]
struct Attributes<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    datacontenttype: &'static str,
}

/// The members behind `data`.
#[derive(Serialize)]
struct Extensions<'a> {
    cursor: &'a str,
    streamversion: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidencehash: Option<String>,
}

/// The CloudEvents form of a stored event: `source` is the service's public URL, `cursor` the
/// event's own. Members stand in a fixed order; the last byte is the object's `}`.
///
/// [`StoreError::Damaged`] where the event's time is none that RFC 3339 can write.
pub fn cloud_event(recorded: &Recorded, source: &str, cursor: &str) -> Result<Bytes, StoreError> {
    let damaged = |problem: String| StoreError::Damaged {
        place: format!("version {} of {}", recorded.version, recorded.stream),
        problem,
    };
    let attributes = Attributes {
        specversion: "1.0",
        id: recorded.id.hyphenated().to_string(),
        source,
        kind: format!("{TYPE_PREFIX}{}", recorded.kind),
        subject: recorded.stream.to_string(),
        time: instant::write(recorded.time)
            .ok_or_else(|| damaged("its time lies outside the years 0000 to 9999".to_owned()))?,
        datacontenttype: "application/json",
    };
    let extensions = Extensions {
        cursor,
        streamversion: recorded.version,
        evidencehash: recorded.evidence.as_ref().map(hex::write),
    };
    let mut json = Vec::with_capacity(640 + recorded.data.len());
    let mut write = || {
        serde_json::to_writer(&mut json, &attributes)?;
        // Both objects become one: the first loses its end, the second its beginning.
        json.pop();
        json.extend_from_slice(b",\"data\":");
        json.extend_from_slice(&recorded.data);
        let joint = json.len();
        serde_json::to_writer(&mut json, &extensions)?;
        if let Some(brace) = json.get_mut(joint) {
            *brace = b',';
        }
        Ok(())
    };
    write().map_err(|error: serde_json::Error| damaged(error.to_string()))?;
    Ok(Bytes::from(json))
}
