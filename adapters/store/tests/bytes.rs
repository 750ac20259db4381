//! Events to bytes and back, and decisions to appends.

use ::bytes::Bytes;
use payfold_domain::KeyFingerprint;
use payfold_domain::event::{
    Event, ExternalRefundObserved, NumberOwner, OrderEvent, RefundOrigin, StrayEvent,
};
use payfold_store::{
    Append, Channel, Claim, ClaimRequest, Decision, DecodeProblem, EvidenceKey, EvidenceMessage,
    Head, Link, Position, Recorded, StreamName, claims_of, commit, decode, encode, event_id,
    prepare,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{arbitrary, memory, samples};

const RECEIPT: Uuid = Uuid::from_u128(0x5eed);

fn message() -> EvidenceMessage {
    EvidenceMessage {
        channel: Channel::WechatPayV3Notify,
        account: samples::account(),
        received_at: samples::time(),
        headers: vec![("wechatpay-nonce".to_owned(), "n0nce".to_owned())],
        body: Bytes::from_static(b"{\"id\":\"EV-1\"}"),
    }
}

fn key() -> EvidenceKey {
    EvidenceKey {
        fingerprint: KeyFingerprint([3; 32]),
        spki_der: None,
    }
}

fn stream() -> StreamName {
    StreamName::Order(samples::order_no())
}

fn decided(head: Head, events: &[Event], taken_up: Option<&StreamName>) -> Append {
    let decision = Decision {
        stream: &stream(),
        head,
        receipt: RECEIPT,
        time: samples::time(),
        events,
        evidence: Some((&message(), key())),
        taken_up,
    };
    let mut calls = 0;
    prepare(decision, &mut || {
        calls += 1;
        [calls; 32]
    })
    .unwrap()
}

fn first(append: Append) -> Recorded {
    let event = append.events.into_iter().next().unwrap();
    memory::recorded(append.stream, (Position(1), 1), append.time, event)
}

fn placed() -> Event {
    Event::Order(OrderEvent::OrderPlaced(samples::placed()))
}

proptest! {
    #[test]
    fn every_event_reads_back_as_it_was(event in arbitrary::event()) {
        let append = Append { stream: of(&event), ..decided(Head::default(), std::slice::from_ref(&event), None) };
        prop_assert_eq!(decode(&first(append)).unwrap(), event);
    }

    #[test]
    fn every_message_reads_back_as_it_was(
        body in prop::collection::vec(any::<u8>(), 0..300),
        headers in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
        received_at in arbitrary::instant(),
    ) {
        let message = EvidenceMessage { headers, received_at, body: body.into(), ..message() };
        prop_assert_eq!(EvidenceMessage::decode(&message.encode()).unwrap(), message);
    }

    #[test]
    fn no_bytes_make_the_reading_of_evidence_fail_otherwise_than_by_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = Bytes::from(bytes);
        if let Ok(message) = EvidenceMessage::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}

fn of(event: &Event) -> StreamName {
    match event {
        Event::Order(_) => stream(),
        Event::Stray(_) => StreamName::Stray(samples::payment()),
        Event::Account(_) => StreamName::Account(samples::account()),
        Event::Bill(_) => StreamName::Bill {
            account: samples::account(),
            date: "2026-11-24".to_owned(),
        },
    }
}

#[test]
fn a_message_that_is_cut_off_anywhere_is_an_error() {
    let whole = message().encode();
    for end in 0..whole.len() {
        assert!(
            EvidenceMessage::decode(&whole.slice(..end)).is_err(),
            "{end}"
        );
    }
}

#[test]
fn the_bytes_of_a_message_stay_readable() {
    let golden = b"\x01\x04\x00\x06\x61\x10\x2f\x2f\x16\x51\
        \0\0\0\0\0\0\0\x03ali\0\0\0\0\0\0\0\x01\
        \0\0\0\0\0\0\0\x0fwechatpay-nonce\0\0\0\0\0\0\0\x05n0nce\
        \0\0\0\0\0\0\0\x0d{\"id\":\"EV-1\"}";
    assert_eq!(message().encode(), &golden[..]);
}

#[test]
fn a_newer_kind_or_schema_is_an_error_that_names_it() {
    let recorded = first(decided(Head::default(), &[placed()], None));
    let kind = Recorded {
        kind: "OrderTeleported".into(),
        ..recorded.clone()
    };
    let error = decode(&kind).unwrap_err();
    assert!(matches!(error.problem, DecodeProblem::UnknownKind));
    let expected = "reading version 1 of order/T-20261125-1, OrderTeleported of schema 1: such a \
                    stream has no such event; a newer payfold may have written it";
    assert_eq!(error.to_string(), expected);
    let schema = Recorded {
        schema: 2,
        ..recorded
    };
    let error = decode(&schema).unwrap_err();
    assert!(matches!(error.problem, DecodeProblem::UnknownSchema));
}

#[test]
fn an_event_of_another_stream_is_an_error() {
    let recorded = Recorded {
        stream: StreamName::Stray(samples::payment()),
        ..first(decided(Head::default(), &[placed()], None))
    };
    let error = decode(&recorded).unwrap_err();
    assert!(matches!(error.problem, DecodeProblem::UnknownKind));
}

#[test]
fn data_that_does_not_follow_its_form_is_an_error_and_unknown_fields_are_not() {
    let recorded = first(decided(Head::default(), &[placed()], None));
    let text = std::str::from_utf8(&recorded.data).unwrap();
    for (from, to) in [
        ("8800", "\"8800\""),
        ("CNY", "cny"),
        ("ship", "boat"),
        ("T-2", "T 2"),
    ] {
        let data = Bytes::from(text.replacen(from, to, 1));
        let error = decode(&Recorded {
            data,
            ..recorded.clone()
        })
        .unwrap_err();
        assert!(matches!(error.problem, DecodeProblem::Data(_)), "{error}");
    }
    let data = Bytes::from(text.replacen('{', "{\"gift\":true,", 1));
    assert_eq!(decode(&Recorded { data, ..recorded }).unwrap(), placed());
}

#[test]
fn fields_that_do_not_belong_together_are_an_error() {
    let confirmed = Event::Order(OrderEvent::PaymentConfirmed(samples::confirmed()));
    let recorded = first(decided(Head::default(), &[confirmed], None));
    let text = std::str::from_utf8(&recorded.data).unwrap();
    for (from, to) in [("as_asked", "accepted"), ("\"listed\"", "\"unstated\"")] {
        let data = Bytes::from(text.replacen(from, to, 1));
        let error = decode(&Recorded {
            data,
            ..recorded.clone()
        })
        .unwrap_err();
        assert!(
            matches!(error.problem, DecodeProblem::Contents(_)),
            "{error}"
        );
    }
}

#[test]
fn a_decision_is_chained_from_its_head_and_committed_to_all_it_keeps() {
    let head = Head {
        version: 7,
        hash: [5; 32],
    };
    let events = [placed(), Event::Order(OrderEvent::CancelRequested)];
    let append = decided(head, &events, None);
    assert_eq!((append.expected, append.events.len()), (7, 2));
    let evidence = append.evidence.as_ref().unwrap();
    assert_eq!(evidence.message.bytes, message().encode());
    let mut before = head.hash;
    for (index, event) in append.events.iter().enumerate() {
        let index = u64::try_from(index).unwrap();
        if let Some(private) = &event.private {
            assert_eq!(private.commitment, commit(&private.salt, &private.bytes));
        }
        assert_eq!(event.evidence, Some(evidence.message.commitment));
        let name = stream().to_string();
        assert_eq!(event.id, event_id(RECEIPT, 7, index, &name));
        let link = Link {
            stream: &name,
            version: 8 + index,
            id: event.id,
            kind: event.kind,
            schema: event.schema,
            time: samples::time(),
            data: &event.data,
            private: event.private.as_ref().map(|part| &part.commitment),
            evidence: event.evidence.as_ref(),
        };
        assert_eq!(event.hash, link.hash(&before));
        before = event.hash;
    }
    assert_eq!(
        decided(head, &events, None),
        append,
        "the same decision is the same append"
    );
}

#[test]
fn an_instant_that_rfc_3339_cannot_write_is_not_stored() {
    let expires_at = payfold_domain::Timestamp::from_micros(i64::MAX);
    let event = Event::Order(OrderEvent::OrderPlaced(
        payfold_domain::event::OrderPlaced {
            expires_at,
            ..samples::placed()
        },
    ));
    assert!(encode(&event).is_err());
}

#[test]
fn started_payments_money_and_refunds_claim_their_names_for_the_order() {
    let payment = Claim::Payment(samples::payment());
    let transaction = Claim::Transaction(samples::account(), samples::transaction());
    let refund = Claim::Refund(samples::account(), samples::refund_no());
    let requested = samples::refund_requested(RefundOrigin::Caller);
    for (event, claim) in [
        (OrderEvent::PaymentStarted(samples::started()), payment),
        (
            OrderEvent::PaymentConfirmed(samples::confirmed()),
            transaction,
        ),
        (OrderEvent::RefundRequested(requested), refund.clone()),
        (
            OrderEvent::ExternalRefundObserved(samples::external_refund()),
            refund,
        ),
    ] {
        let claims: Vec<Claim> = claims_of(&Event::Order(event)).collect();
        assert_eq!(claims, [claim]);
    }
}

#[test]
fn a_number_that_another_payment_has_is_not_claimed() {
    let external = ExternalRefundObserved {
        number: NumberOwner::Another,
        ..samples::external_refund()
    };
    let event = Event::Order(OrderEvent::ExternalRefundObserved(external));
    assert_eq!(claims_of(&event).next(), None);
}

#[test]
fn a_stray_claims_what_it_hears_of_and_not_the_payments_number() {
    let mut claimed = Vec::new();
    for (_, event) in samples::all() {
        if matches!(event, Event::Stray(StrayEvent::UnmatchedRefundReceived(_))) {
            claimed.extend(claims_of(&event));
        }
    }
    let transaction = Claim::Transaction(samples::account(), samples::transaction());
    let refund = Claim::Refund(samples::account(), samples::refund_no());
    assert_eq!(claimed, [transaction.clone(), refund, transaction]);
}

#[test]
fn an_order_that_takes_a_stray_up_asks_for_its_claims_each_once() {
    let stray = StreamName::Stray(samples::payment());
    let confirmed = Event::Order(OrderEvent::PaymentConfirmed(samples::confirmed()));
    let events = [confirmed.clone(), confirmed];
    let append = decided(Head::default(), &events, Some(&stray));
    let request = ClaimRequest {
        claim: Claim::Transaction(samples::account(), samples::transaction()),
        take_from: Some(stray),
    };
    assert_eq!(append.claims, [request]);
}
