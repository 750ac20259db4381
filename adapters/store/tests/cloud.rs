//! The form that events have outside.

use payfold_domain::event::{Event, OrderEvent};
use payfold_store::{Position, Recorded, StreamName, cloud_event, encode};
use uuid::Uuid;

use crate::samples;

fn recorded(evidence: Option<[u8; 32]>) -> Recorded {
    let confirmed = Event::Order(OrderEvent::PaymentConfirmed(samples::confirmed()));
    let encoded = encode(&confirmed).unwrap();
    Recorded {
        position: Position(7),
        stream: StreamName::Order(samples::order_no()),
        version: 3,
        id: Uuid::from_u128(0x1234),
        kind: encoded.kind.into(),
        schema: encoded.schema,
        time: samples::time(),
        data: encoded.data,
        private: None,
        evidence,
        hash: [0; 32],
    }
}

#[test]
fn an_event_outside_is_written_as_its_golden_file_says() {
    let event = cloud_event(
        &recorded(Some([0xab; 32])),
        "https://pay.example.com",
        "CURSOR",
    );
    let golden = include_str!("golden/cloud_event.json");
    assert_eq!(
        std::str::from_utf8(&event.unwrap()).unwrap(),
        golden.trim_end()
    );
}

#[test]
fn an_event_outside_is_an_object_whatever_its_source_is_called() {
    let event = cloud_event(&recorded(None), "https://x/\"\\\n", "C").unwrap();
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
    assert_eq!(event["source"], "https://x/\"\\\n");
    assert_eq!(event["data"]["amount"]["minor"], 8800);
    assert_eq!(event["streamversion"], 3);
    assert_eq!(event.get("evidencehash"), None);
}

#[test]
fn a_time_that_rfc_3339_cannot_write_is_an_error() {
    let event = Recorded {
        time: payfold_domain::Timestamp::from_micros(i64::MAX),
        ..recorded(None)
    };
    assert!(cloud_event(&event, "https://pay.example.com", "C").is_err());
}
