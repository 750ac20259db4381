//! Numbers whose events cannot be read, and money that comes for them all the same.

use http::HeaderMap;
use payfold_domain::event::{Event, OrderEvent, RefundNamed, StrayEvent};
use payfold_domain::exception::ExceptionKind;
use payfold_domain::policy::Policy;
use payfold_domain::{Method, OrderNo, OutTradeNo, PaymentRef, RefundNo};
use payfold_store::{Decision, Outcome, StreamName, prepare};
use serde_json::{Value, json};
use uuid::Uuid;

use super::alipay;
use super::site::{SHOP, TestSite, now};
use payfold_domain::account::Account as AccountState;

impl TestSite {
    /// Makes an order unreadable: nothing of it was ever dispatched.
    pub(in crate::http) async fn damage_order(&self, order_no: &str) {
        let stream = StreamName::Order(OrderNo::new(order_no).unwrap());
        let misfit = Event::Order(OrderEvent::ShipmentDelivered);
        self.append(&stream, &misfit).await;
    }

    /// Makes what came for a number unreadable: no refund of it was ever asked for.
    async fn damage_stray(&self, out_trade_no: &str) {
        let payment = payment(out_trade_no);
        let misfit = Event::Stray(StrayEvent::RefundSubmitted(RefundNamed {
            payment: payment.clone(),
            method: Method::Unknown,
            refund_no: RefundNo::new("r-1").unwrap(),
        }));
        self.append(&StreamName::Stray(payment), &misfit).await;
    }

    async fn append(&self, stream: &StreamName, event: &Event) {
        let decision = Decision {
            stream,
            head: self.app.store.head(stream).await.unwrap(),
            receipt: Uuid::from_u128(1),
            time: now(),
            events: std::slice::from_ref(event),
            evidence: None,
            taken_up: None,
        };
        let append = prepare(decision, &mut || [7; 32]).unwrap();
        let appended = self.app.store.append(append).await.unwrap();
        assert!(matches!(appended, Outcome::Appended { .. }));
    }

    async fn told_of_payment(&self, out_trade_no: &str) -> &'static str {
        let account = self.app.accounts.get(&alipay::name()).unwrap();
        let paid = alipay::paid(out_trade_no).into();
        self.app
            .notify(&account, &HeaderMap::new(), paid)
            .await
            .body
    }

    /// How many events the account's stream has, and how many exceptions of what cannot be read.
    async fn kept(&self) -> (u64, usize) {
        let account = self.app.fold_now::<AccountState>(&alipay::name()).await;
        let account = account.unwrap();
        let exceptions = account.state.exceptions.iter();
        let corrupt = exceptions.filter(|exception| exception.kind == ExceptionKind::Corrupt);
        (account.head.version, corrupt.count())
    }
}

fn payment(out_trade_no: &str) -> PaymentRef {
    PaymentRef {
        account: alipay::name(),
        out_trade_no: OutTradeNo::new(out_trade_no).unwrap(),
    }
}

/// A site where money came for a number that no order has claimed, and cannot be read any more.
async fn with_unreadable_money() -> TestSite {
    let site = TestSite::start_with(Policy::HOLD, vec![alipay::account()]).await;
    assert_eq!(site.told_of_payment("pay_r1").await, "success");
    site.damage_stray("pay_r1").await;
    site
}

#[tokio::test]
async fn what_comes_for_a_number_that_cannot_be_read_is_kept_and_its_gateway_answered() {
    let site = with_unreadable_money().await;
    let (before, _) = site.kept().await;
    assert_eq!(site.told_of_payment("pay_r1").await, "success");
    assert_eq!(site.kept().await, (before + 1, 1));
}

/// Its money stays where it is, for whoever can read it.
#[tokio::test]
async fn an_order_that_claims_a_number_that_cannot_be_read_is_placed_and_told_of_no_money() {
    let site = with_unreadable_money().await;
    site.place("R-1").await;
    let path = "/v1/orders/R-1/payments/ali/pay_r1";
    let started = site.ask(SHOP, "PUT", path, json!({ "method": "external" }));
    assert_eq!(started.await.status, 201);
    let (before, _) = site.kept().await;
    assert_eq!(site.told_of_payment("pay_r1").await, "success");
    assert_eq!(site.kept().await, (before + 1, 1));
    let order = site.ask(SHOP, "GET", "/v1/orders/R-1", Value::Null).await;
    assert_eq!(order.json["status"], "open");
    assert_eq!(order.json["exceptions"], json!([]));
}
