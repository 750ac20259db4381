//! What the buyer's browser brings back.

use payfold_alipay::Refusal;
use payfold_domain::Money;

use crate::fixture::{Draft, account, text, vectors};

fn draft() -> Draft {
    Draft::paid()
        .without("notify_type")
        .without("trade_status")
        .with("method", "alipay.trade.wap.pay.return")
        .with("timestamp", "2026-01-05 10:00:00")
}

#[test]
fn the_vector_names_its_payment_and_says_nothing_of_money() {
    let vectors = vectors("return");
    let returned = account()
        .verify_return(text(&vectors, "/query").as_bytes())
        .unwrap();
    assert_eq!(returned.payment.account.as_str(), "ali");
    assert_eq!(returned.payment.out_trade_no.as_str(), "vec_0001");
    assert_eq!(returned.total_amount, Money::cny(8888));
    assert_eq!(returned.trade_no.as_str(), "2026010522001499160501589436");
    assert_eq!(returned.key, account().public_keys()[0].0);
}

#[test]
fn a_phones_return_is_taken_too() {
    assert!(account().verify_return(&draft().signed()).is_ok());
}

#[test]
fn a_changed_return_is_refused() {
    let query = String::from_utf8(draft().signed()).unwrap();
    let changed = query.replace("vec%5F0001", "vec%5F0002");
    assert_ne!(changed, query);
    let refused = account().verify_return(changed.as_bytes());
    assert_eq!(refused, Err(Refusal::SignatureWrong));
}

#[test]
fn a_notify_is_no_return_and_a_return_no_notify() {
    let refused = account().verify_return(&Draft::paid().signed());
    assert_eq!(refused, Err(Refusal::FieldMissing("method")));
    let refused = crate::fixture::verify(&draft().signed());
    assert_eq!(refused, Err(Refusal::FieldMissing("notify_type")));
}

#[test]
fn a_return_for_another_account_is_not_ours() {
    for field in ["app_id", "seller_id"] {
        let query = draft().with(field, "2088000000000009").signed();
        let refused = account().verify_return(&query);
        assert_eq!(refused, Err(Refusal::NotOurs { field }));
    }
}
