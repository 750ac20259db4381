//! Golden vectors: computed apart, by the words of [`Link::hash`].

use super::*;

fn link() -> Link<'static> {
    Link {
        stream: "order/T-1",
        version: 1,
        id: Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
        kind: "OrderPlaced",
        schema: 1,
        time: Timestamp::from_micros(1_795_571_999_250_001),
        data: br#"{"order_no":"T-1"}"#,
        private: None,
        evidence: None,
    }
}

#[test]
fn the_hash_of_a_first_event_is_the_golden_one() {
    let hash = crate::hex::write(&link().hash(&[0; 32]));
    assert_eq!(
        hash,
        "02c1d58a5533939e622d65ed0eeceebd523b6b6dcf7b3f133db36997c3c4cce7"
    );
}

#[test]
fn the_hash_of_a_later_event_with_commitments_is_the_golden_one() {
    let (private, evidence) = ([1; 32], [2; 32]);
    let link = Link {
        version: 2,
        private: Some(&private),
        evidence: Some(&evidence),
        ..link()
    };
    let hash = crate::hex::write(&link.hash(&[3; 32]));
    assert_eq!(
        hash,
        "41f7c1de3069df0d2a866707a487c329e3866074fbbd181e3f3ae34ffa70859c"
    );
}

#[test]
fn a_commitment_is_sha_256_of_salt_and_bytes() {
    let hash = crate::hex::write(&commit(&[7; 32], b"bytes"));
    assert_eq!(
        hash,
        "94244f9bd33f1b264c4c8796996b0aed242a2cbbcf7dac3bf23a40d3b864c4cb"
    );
}

#[test]
fn bytes_that_move_from_one_field_to_the_next_change_the_hash() {
    let moved = Link {
        stream: "order/T-1O",
        kind: "rderPlaced",
        ..link()
    };
    assert_ne!(moved.hash(&[0; 32]), link().hash(&[0; 32]));
    let absent = [0; 32];
    let zeros = Link {
        private: Some(&absent),
        ..link()
    };
    assert_ne!(zeros.hash(&[0; 32]), link().hash(&[0; 32]));
}
