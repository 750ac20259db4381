//! The audit over a store, whole and broken in one place.

use ::bytes::Bytes;
use payfold_domain::KeyFingerprint;
use payfold_domain::event::{Event, OrderEvent, StrayEvent};
use payfold_store::{
    AuditError, Channel, Claim, Decision, EvidenceKey, EvidenceMessage, Flaw, Head, Position,
    Sealer, Store, StreamName, audit, claims_of, prepare,
};
use uuid::Uuid;

use crate::memory::{Contents, MemoryPlace, MemoryStore};
use crate::samples;

/// A stray that was taken up, an order with evidence, a seal, and an event since.
async fn scene() -> MemoryPlace {
    let place = MemoryPlace::default();
    let store = place.store();
    let stray = StreamName::Stray(samples::payment());
    let order = StreamName::Order(samples::order_no());
    let unmatched = samples::all()
        .into_iter()
        .find(|(name, _)| *name == "UnmatchedPaymentReceived");
    write(&store, &stray, 1, &[unmatched.unwrap().1], None).await;
    let events = [
        OrderEvent::OrderPlaced(samples::placed()),
        OrderEvent::PaymentStarted(samples::started()),
        OrderEvent::PaymentConfirmed(samples::confirmed()),
        OrderEvent::ShipmentRequested,
    ];
    let events = events.map(Event::Order);
    write(&store, &order, 2, &events, Some(&stray)).await;
    let mut sealer = Sealer::open(&store, samples::time()).await.unwrap();
    sealer.read(&store).await.unwrap();
    sealer.seal(&store, samples::time()).await.unwrap();
    let taken_up = samples::all()
        .into_iter()
        .find(|(_, event)| matches!(event, Event::Stray(StrayEvent::StrayTakenUp(_))));
    write(&store, &stray, 3, &[taken_up.unwrap().1], None).await;
    place
}

pub(crate) async fn write(
    store: &MemoryStore,
    stream: &StreamName,
    receipt: u128,
    events: &[Event],
    taken_up: Option<&StreamName>,
) {
    let message = EvidenceMessage {
        channel: Channel::AlipayNotify,
        account: samples::account(),
        received_at: samples::time(),
        headers: Vec::new(),
        body: Bytes::from(format!("notify_id={receipt}")),
    };
    let key = EvidenceKey {
        fingerprint: KeyFingerprint([3; 32]),
        spki_der: None,
    };
    let head: Head = store.head(stream).await.unwrap();
    let decision = Decision {
        stream,
        head,
        receipt: Uuid::from_u128(receipt),
        time: samples::time(),
        events,
        evidence: Some((&message, key)),
        taken_up,
    };
    store
        .append(prepare(decision, &mut || [8; 32]).unwrap())
        .await
        .unwrap();
}

/// What the audit finds once `break_it` has been at the store: the stream and version, and the flaw.
async fn found(break_it: impl FnOnce(&mut Contents)) -> (String, u64, Flaw) {
    let place = scene().await;
    break_it(&mut place.contents());
    match audit(&place.store(), None).await {
        Err(AuditError::Broken {
            stream,
            version,
            flaw,
            ..
        }) => (stream, version, flaw),
        other => panic!("expected a broken place, found {other:?}"),
    }
}

#[tokio::test]
async fn a_whole_store_is_reported_with_its_last_seal() {
    let audited = audit(&scene().await.store(), None).await.unwrap();
    assert_eq!(
        (audited.events, audited.evidence, audited.claims),
        (7, 3, 2)
    );
    assert_eq!((audited.through, audited.since), (Position(21), 1));
    assert_eq!(
        audited.to_string(),
        "7 events whole, up to position 21; last seal 1 of 2026-11-25T01:59:59.250001Z, 1 events since"
    );
}

#[tokio::test]
async fn an_empty_store_is_whole() {
    let audited = audit(&MemoryPlace::default().store(), None).await.unwrap();
    assert_eq!(
        audited.to_string(),
        "0 events whole, up to position 0; no seal, 0 events since"
    );
}

#[tokio::test]
async fn dropped_private_parts_and_messages_leave_the_store_whole() {
    let place = scene().await;
    drop_openings(&mut place.contents());
    assert!(audit(&place.store(), None).await.is_ok());
}

fn drop_openings(contents: &mut Contents) {
    let private = contents.events.iter_mut();
    let private = private.filter_map(|event| event.private.as_mut());
    let messages = contents.evidence.values_mut();
    for kept in private.chain(messages.map(|evidence| &mut evidence.message)) {
        kept.opening = None;
    }
}

#[tokio::test]
async fn every_message_is_verified_again_where_that_is_asked_for() {
    let place = scene().await;
    let mut seen = Vec::new();
    let mut verify = |message: &EvidenceMessage, _: &EvidenceKey| {
        seen.push(message.body.clone());
        Ok(())
    };
    audit(&place.store(), Some(&mut verify)).await.unwrap();
    assert_eq!(seen, ["notify_id=1", "notify_id=2", "notify_id=3"]);
    let mut refuse = |_: &EvidenceMessage, _: &EvidenceKey| Err("the key is another".to_owned());
    let refused = audit(&place.store(), Some(&mut refuse)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "stream stray/ali/P0000000001, version 1, position 3: the kept message does not verify \
         again: the key is another"
    );
}

#[tokio::test]
async fn a_changed_event_breaks_its_chain() {
    let order = "order/T-20261125-1".to_owned();
    let changed = found(|contents| {
        let data = String::from_utf8(contents.events[2].data.to_vec()).unwrap();
        contents.events[2].data = Bytes::from(data.replace("8800", "8801"));
    });
    assert_eq!(changed.await, (order.clone(), 2, Flaw::Chain));
    let renamed = found(|contents| contents.events[3].kind = "LatePaymentReceived".into());
    assert_eq!(renamed.await, (order.clone(), 3, Flaw::Chain));
    let dated = found(|contents| contents.events[1].time = samples::time().plus_secs(1));
    assert_eq!(dated.await, (order, 1, Flaw::Chain));
}

#[tokio::test]
async fn a_missing_event_shows() {
    let (stream, version, flaw) = found(|contents| {
        contents.events.remove(2);
    })
    .await;
    assert_eq!((stream.as_str(), version), ("order/T-20261125-1", 3));
    assert_eq!(flaw, Flaw::OutOfSequence { expected: 2 });
}

#[tokio::test]
async fn a_cut_tail_and_a_dropped_stream_show_by_the_seal() {
    let cut = found(|contents| {
        contents.events.remove(4);
    });
    let (stream, version, cut) = cut.await;
    assert_eq!((stream.as_str(), version), ("seal", 1));
    let expected = Flaw::Seal {
        sealed: 5,
        found: 4,
    };
    assert_eq!(cut, expected);
    let dropped = found(|contents| {
        contents
            .events
            .retain(|event| !matches!(event.stream, StreamName::Order(_)));
        contents.evidence.remove(&Position(6));
        let stray = StreamName::Stray(samples::payment());
        contents
            .claims
            .retain(|claim, _| matches!(claim, Claim::Transaction(..)));
        contents
            .claims
            .values_mut()
            .for_each(|owner| *owner = stray.clone());
    });
    let (stream, version, dropped) = dropped.await;
    assert_eq!((stream.as_str(), version), ("seal", 1));
    let expected = Flaw::Seal {
        sealed: 5,
        found: 1,
    };
    assert_eq!(dropped, expected);
}

#[tokio::test]
async fn a_private_part_or_a_message_that_was_changed_shows() {
    let private = found(|contents| {
        let kept = contents.events[1].private.as_mut().unwrap();
        kept.opening = Some(([8; 32], Bytes::from_static(b"{\"subject\":\"coffee\"}")));
    });
    assert_eq!(private.await.2, Flaw::PrivatePart);
    let message = found(|contents| {
        let kept = contents.evidence.get_mut(&Position(6)).unwrap();
        kept.message.opening = Some(([8; 32], Bytes::from_static(b"notify_id=9")));
    });
    assert_eq!(message.await.2, Flaw::Evidence);
}

#[tokio::test]
async fn a_message_that_is_missing_or_that_nothing_names_shows() {
    let missing = found(|contents| {
        contents.evidence.remove(&Position(6));
    });
    assert_eq!(missing.await.2, Flaw::EvidenceMissing);
    let unnamed = found(|contents| {
        let kept = contents.evidence[&Position(3)].clone();
        contents.evidence.insert(Position(9), kept);
    });
    assert_eq!(unnamed.await.2, Flaw::EvidenceUnnamed);
}

#[tokio::test]
async fn a_claim_that_the_events_do_not_say_or_that_is_missing_shows() {
    let other = Claim::Refund(samples::account(), samples::refund_no());
    let order = StreamName::Order(samples::order_no());
    let unsaid = found(|contents| {
        contents.claims.insert(other.clone(), order.clone());
    });
    let expected = (order.to_string(), 0, Flaw::ClaimUnsaid(other.clone()));
    assert_eq!(unsaid.await, expected);
    let payment = Claim::Payment(samples::payment());
    let missing = found(|contents| {
        contents.claims.remove(&payment);
    });
    let flaw = Flaw::ClaimElsewhere {
        claim: payment.clone(),
        owner: None,
    };
    assert_eq!(missing.await, (order.to_string(), 2, flaw));
    let moved = found(|contents| {
        let transaction = Claim::Transaction(samples::account(), samples::transaction());
        let stray = StreamName::Stray(samples::payment());
        contents.claims.insert(transaction, stray);
    });
    assert!(matches!(moved.await, (_, 3, Flaw::ClaimElsewhere { .. })));
}

#[tokio::test]
async fn a_seal_that_was_made_of_other_events_shows() {
    let sealed = found(|contents| {
        let first = contents.events.remove(0);
        contents.events.insert(1, first);
        let [one, two] = &mut contents.events[..2] else {
            panic!("the scene has more events");
        };
        std::mem::swap(&mut one.position, &mut two.position);
        let kept: Vec<_> = [Position(3), Position(6)]
            .iter()
            .map(|position| contents.evidence.remove(position).unwrap())
            .collect();
        for (position, kept) in [Position(6), Position(3)].into_iter().zip(kept) {
            contents.evidence.insert(position, kept);
        }
    });
    let (stream, _, flaw) = sealed.await;
    let expected = Flaw::Seal {
        sealed: 5,
        found: 5,
    };
    assert_eq!((stream.as_str(), flaw), ("seal", expected));
}

#[tokio::test]
async fn no_event_that_claims_is_passed_over() {
    for (name, event) in samples::all() {
        let place = MemoryPlace::default();
        let store = place.store();
        let stream = match &event {
            Event::Order(_) => StreamName::Order(samples::order_no()),
            Event::Stray(_) => StreamName::Stray(samples::payment()),
            Event::Account(_) | Event::Bill(_) => continue,
        };
        let says = claims_of(&event).next().is_some();
        write(&store, &stream, 1, &[event], None).await;
        place.contents().claims.clear();
        let audited = audit(&store, None).await;
        assert_eq!(audited.is_err(), says, "{name}");
    }
}
