//! Evidence: the raw message once for each append, found from each of its events, and read in bulk.

use super::Place;
use super::scene::{append_now, append_with, key, order_stream, payment, placed, started, stored};
use crate::chain::commit;
use crate::evidence::EvidenceMessage;
use crate::port::{Head, Position, StoredEvidence};

/// The message lies beside the first event of its append, and every event of it names it.
pub async fn evidence_is_kept_once_for_an_append(place: &mut dyn Place) {
    let store = place.open().await;
    let stream = order_stream(1);
    let events = [placed(1), started(payment(1))];
    let append = append_with(Head::default(), &stream, 1, &events, None);
    let given = append.evidence.clone();
    stored(&store.append(append).await.unwrap());
    let bare = append_now(&*store, &stream, 2, &[started(payment(2))]).await;
    stored(&store.append(bare).await.unwrap());

    let loaded = store.load(&stream, 0).await.unwrap();
    let mut named = 0;
    for event in &loaded {
        let Some(commitment) = event.evidence else {
            continue;
        };
        named += 1;
        let found = store.evidence(event.position, commitment).await.unwrap();
        let opened = found.as_ref().and_then(opened);
        assert_eq!(found.map(|found| found.key), Some(key()));
        assert_eq!(opened.as_ref().map(|(hash, _)| *hash), Some(commitment));
        let message = given.as_ref().map(|given| &given.message.bytes);
        assert_eq!(opened.as_ref().map(|(_, bytes)| bytes), message);
        let other = store.evidence(event.position, [1; 32]).await.unwrap();
        assert_eq!(other, None);
    }
    assert_eq!((named, loaded.len()), (2, 3));
    let kept = store.read_evidence(Position(0), 9).await.unwrap();
    assert_eq!(kept.len(), 1);
    let first = loaded.first().map(|event| event.position);
    assert_eq!(kept.first().map(|(position, _)| *position), first);
}

fn opened(found: &StoredEvidence) -> Option<([u8; 32], bytes::Bytes)> {
    let (salt, bytes) = found.message.opening.as_ref()?;
    EvidenceMessage::decode(bytes).unwrap();
    Some((commit(salt, bytes), bytes.clone()))
}

/// An audit reads all evidence, a page at a time, in the order of the events it lies beside.
pub async fn evidence_reads_in_the_total_order_whatever_the_page(place: &mut dyn Place) {
    let store = place.open().await;
    for number in 0..6 {
        let stream = order_stream(number);
        let receipt = u128::try_from(number).unwrap();
        let append = append_with(Head::default(), &stream, receipt, &[placed(number)], None);
        stored(&store.append(append).await.unwrap());
    }
    let all = store.read_evidence(Position(0), 100).await.unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by(|(one, _), (next, _)| one < next));
    for page in [1, 4, 6] {
        let mut paged = Vec::new();
        loop {
            let after = paged.last().map_or(Position(0), |(position, _)| *position);
            let read = store.read_evidence(after, page).await.unwrap();
            if read.is_empty() {
                break;
            }
            paged.extend(read);
        }
        assert_eq!(paged, all);
    }
}
