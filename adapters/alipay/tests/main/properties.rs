//! What holds for every input.

use payfold_alipay::Refusal;
use payfold_domain::{Fact, Message, Money};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::{Draft, account, config, encoded, made, sign, today, verify};

/// A notify of which one value was changed in one byte after it was signed.
fn tampered(field: usize, at: usize, flip: u8) -> Vec<u8> {
    let mut draft = Draft::refunded("TRADE_SUCCESS", "30.00");
    let signature = sign(&draft.signed_string());
    let count = draft.0.len();
    let value = &mut draft.0[field % count].1;
    let at = at % value.len();
    value[at] ^= flip;
    draft.signed_as("RSA2", &signature)
}

/// Every way to read a signed string as a form: at each `&`, a new field begins or the value goes on.
fn resplit(signed: &[u8], keep: &[bool]) -> Option<Vec<u8>> {
    let mut pairs: Vec<Vec<u8>> = Vec::new();
    for (at, piece) in signed.split(|byte| *byte == b'&').enumerate() {
        let starts = keep.get(at).copied().unwrap_or(true) && piece.contains(&b'=');
        match pairs.last_mut() {
            Some(last) if !starts => {
                last.push(b'&');
                last.extend_from_slice(piece);
            }
            _ => pairs.push(piece.to_vec()),
        }
    }
    let mut body = Vec::new();
    for pair in pairs {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(equals);
        body.extend_from_slice(name);
        body.push(b'=');
        body.extend_from_slice(encoded(&value[1..]).as_bytes());
        body.push(b'&');
    }
    Some(body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_change_of_any_signed_byte_is_refused(field: usize, at: usize, flip in 1_u8..) {
        prop_assert_eq!(verify(&tampered(field, at, flip)), Err(Refusal::SignatureWrong));
    }

    #[test]
    fn a_change_of_any_byte_of_the_body_is_refused_or_says_the_same(at: usize, byte: u8) {
        let mut body = Draft::refunded("TRADE_SUCCESS", "30.00").signed();
        let genuine = verify(&body).unwrap();
        let at = at % body.len();
        body[at] = byte;
        if let Ok(taken) = verify(&body) {
            prop_assert_eq!(taken, genuine);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in vec(any::<u8>(), 0..600)) {
        prop_assert!(verify(&body).is_err());
        prop_assert!(account().verify_return(&body).is_err());
        let (_, key) = &account().public_keys()[0];
        prop_assert!(payfold_alipay::verify_again(&body, key).is_err());
        prop_assert!(payfold_alipay::verify_again(&body, &body).is_err());
    }

    #[test]
    fn no_values_make_translation_panic(
        field in 0_usize..22,
        value in prop_oneof![vec(any::<u8>(), 0..40), "[0-9 :.-]{0,24}".prop_map(String::into_bytes)],
    ) {
        let mut draft = Draft::refunded("TRADE_CLOSED", "88.88");
        let count = draft.0.len();
        draft.0[field % count].1 = value;
        if let Err(refusal) = account().reread(&draft.encoded(), today()) {
            prop_assert!(!refusal.label().is_empty());
        }
    }

    #[test]
    fn no_key_text_makes_it_panic(text in "(-----BEGIN (RSA )?P(UBLIC|RIVATE) KEY-----)?.{0,80}") {
        let mut config = config();
        config.alipay_public_key = Some(text);
        prop_assert!(!crate::fixture::faults(&config, today()).is_empty());
    }

    /// The buyer chose the subject and the body of the payment, paid one fen of them, and sends the
    /// signed string cut in other places.
    #[test]
    fn however_a_signed_string_is_cut_it_says_what_was_signed_or_is_refused(
        host in prop_oneof![Just("subject"), Just("body"), Just("passback_params")],
        injected in vec(prop_oneof![
            Just("total_amount=88.88"), Just("out_trade_no=other_01"), Just("trade_no=99"),
            Just("trade_status=TRADE_SUCCESS"), Just("subject=y"), Just("zzz="),
            Just("voucher_detail_list=["), Just("gmt_refund=2026-01-05 10:30:00"),
            Just("refund_fee=0.01"), Just("seller_id=2088721003899159"), Just("plain"),
        ], 0..5),
        keep in vec(prop::bool::weighted(0.85), 0..32),
    ) {
        let mut text = "x".to_owned();
        for piece in injected {
            text.push('&');
            text.push_str(piece);
        }
        let signed = Draft::paid()
            .with("total_amount", "0.01")
            .with(host, text)
            .signed_string();
        if let Some(mut body) = resplit(&signed, &keep) {
            let signature = encoded(sign(&signed).as_bytes());
            body.extend_from_slice(format!("sign_type=RSA2&sign={signature}").as_bytes());
            check_says_what_was_signed(&body)?;
        }
    }
}

fn check_says_what_was_signed(body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(authentic) = verify(body) else {
        return Ok(());
    };
    let Message::Observation(observation) = authentic.message else {
        return Err(TestCaseError::fail("another kind"));
    };
    prop_assert_eq!(observation.payment.out_trade_no.as_str(), "vec_0001");
    let [Fact::Paid(receipt)] = &observation.facts[..] else {
        return Err(TestCaseError::fail("other facts"));
    };
    prop_assert_eq!(receipt.amount, Money::cny(1));
    prop_assert_eq!(
        receipt.transaction_id.as_str(),
        "2026010522001499160501589436"
    );
    Ok(())
}

#[test]
fn another_alipay_account_does_not_take_it() {
    let mut other = config();
    let keys = crate::fixture::vectors("keys");
    let key = crate::fixture::text(&keys, "/app/public_spki_base64");
    other.alipay_public_key = Some(key.to_owned());
    other.app_private_key = None;
    let refused = made(&other).verify_notify(&Draft::paid().signed(), today());
    assert_eq!(refused, Err(Refusal::SignatureWrong));
}
