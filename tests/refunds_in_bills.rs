//! What a gateway's bill says of refunds, and of money that stands otherwise here than there.

use serde_json::{Value, json};

use crate::gateway::{BillRow, Billed, Paid};
use crate::shop::{Shop, figure};

const DATE: &str = "2026-01-05";
const NOON: &str = "2026-01-05 12:00:00";

/// A shop's account at one of the gateways.
struct At<'a> {
    shop: &'a Shop,
    account: &'static str,
    gateway: &'static str,
}

impl<'a> At<'a> {
    fn alipay(shop: &'a Shop) -> Self {
        Self {
            shop,
            account: "ali",
            gateway: "alipay",
        }
    }

    fn wechatpay(shop: &'a Shop) -> Self {
        Self {
            shop,
            account: "wx",
            gateway: "wechatpay",
        }
    }

    /// An order that was paid; the transaction.
    async fn pays(&self, order_no: &str, out_trade_no: &str) -> String {
        let payment = (order_no, self.account, out_trade_no);
        self.shop.paid_order(payment, self.gateway).await
    }

    /// Imports a bill with these rows.
    fn import(&self, rows: &[BillRow<'_>]) -> String {
        let text = match self.gateway {
            "alipay" => self.shop.alipay().bill(DATE, rows),
            _ => self.shop.wechatpay().bill(rows),
        };
        let bill = self.shop.file("bill.csv", text);
        self.shop.import_bill(self.account, &bill, &[]).with(0).0
    }

    /// A refund of 3000 that the shop asked for, once it is as wanted.
    async fn refunds(&self, order_no: &str, out_trade_no: &str, status: &str) {
        let payment = (order_no, self.account, out_trade_no);
        self.shop.refund(payment, "r-1", 3000).await.json(201);
        let refund = |order: &Value| order["payments"][0]["refunds"][0]["status"] == status;
        self.shop.order_once(order_no, refund).await;
    }

    async fn told_to_nobody(&self, out_trade_no: &str) {
        let lose = json!({ "fault": "lose", "out_trade_no": out_trade_no, "times": 50 });
        self.shop.goes_wrong(&lose).await;
    }

    async fn open(&self) -> Vec<Value> {
        let told = |exception: &Value| {
            json!([
                exception["kind"],
                exception["order_no"],
                exception["expected"]["minor"],
                exception["received"]["minor"]
            ])
        };
        self.shop.exceptions().await.iter().map(told).collect()
    }
}

fn paid<'a>(out_trade_no: &'a str, transaction_id: &'a str) -> Paid<'a> {
    Paid {
        out_trade_no,
        transaction_id,
        minor: 8800,
    }
}

#[tokio::test]
async fn a_refund_that_only_the_bill_has_is_asked_about_and_taken_in() {
    let shop = Shop::beside_the_sandbox().await;
    for at in [At::alipay(&shop), At::wechatpay(&shop)] {
        let (order_no, number) = (format!("BR-{}", at.account), format!("pay_{}", at.account));
        let transaction_id = at.pays(&order_no, &number).await;
        at.told_to_nobody(&number).await;
        shop.back_office_refunds(at.gateway, &number, 3000).await;
        let trade = shop.trade(&number).await;
        let refund_no = trade["refunds"][0]["refund_no"].as_str().unwrap();
        assert_eq!(shop.order(&order_no).await["refunded"], 0);

        let paid = paid(&number, &transaction_id);
        let back = BillRow::refund(NOON, &paid, refund_no, 3000);
        let out = at.import(&[BillRow::payment(NOON, &paid), back]);
        assert_eq!(
            (figure(&out, "matched"), figure(&out, "taken in")),
            (1, 1),
            "{out}"
        );
        assert_eq!(shop.order(&order_no).await["refunded"], 3000);
        let out = at.import(&[back]);
        assert_eq!(figure(&out, "matched"), 1, "known by now: {out}");
    }
    let mut open = At::alipay(&shop).open().await;
    open.sort_by_key(Value::to_string);
    let external = |order_no: &str| json!(["external_refund", order_no, null, 3000]);
    assert_eq!(open, [external("BR-ali"), external("BR-wx")]);
}

#[tokio::test]
async fn a_refund_of_another_amount_is_an_exception_until_a_bill_says_the_same() {
    let shop = Shop::beside_the_sandbox().await;
    for at in [At::alipay(&shop), At::wechatpay(&shop)] {
        let (order_no, number) = (format!("BA-{}", at.account), format!("pay_{}", at.account));
        let transaction_id = at.pays(&order_no, &number).await;
        at.refunds(&order_no, &number, "succeeded").await;
        let paid = paid(&number, &transaction_id);
        let payment = BillRow::payment(NOON, &paid);
        let out = at.import(&[payment, BillRow::refund(NOON, &paid, "r-1", 2999)]);
        assert_eq!(figure(&out, "other amount"), 1, "{out}");
        assert_eq!(
            at.open().await,
            [json!(["bill_other_amount", order_no, 3000, 2999])]
        );
        let out = at.import(&[payment, BillRow::refund(NOON, &paid, "r-1", 3000)]);
        assert_eq!(figure(&out, "matched"), 2, "{out}");
        assert_eq!(at.open().await.len(), 0, "{out}");
    }
}

#[tokio::test]
async fn a_refund_that_is_with_the_buyer_by_the_bill_alone_stands_otherwise() {
    let shop = Shop::beside_the_sandbox().await;
    for at in [At::alipay(&shop), At::wechatpay(&shop)] {
        let (order_no, number) = (format!("BS-{}", at.account), format!("pay_{}", at.account));
        let transaction_id = at.pays(&order_no, &number).await;
        let slow = json!({ "fault": "refund-slow", "out_trade_no": number, "seconds": 86_400 });
        shop.goes_wrong(&slow).await;
        at.refunds(&order_no, &number, "submitted").await;
        let paid = paid(&number, &transaction_id);
        let row = BillRow::refund(NOON, &paid, "r-1", 3000);
        let out = at.import(&[row]);
        assert_eq!(figure(&out, "other state"), 1, "{out}");
        let open = at.open().await;
        assert_eq!(open, [json!(["bill_other_state", order_no, 3000, 3000])]);
        let id = shop.exceptions().await[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let dismiss = json!({ "action": "dismiss" });
        shop.resolve(&id, &dismiss).await.json(200);
    }
    // WeChat Pay's word for it is a snapshot of the day: no difference.
    let at = At::wechatpay(&shop);
    let trade = shop.trade("pay_wx").await;
    let paid = paid("pay_wx", trade["transaction_id"].as_str().unwrap());
    let row = BillRow {
        what: Billed::Refund("r-1", "PROCESSING"),
        ..BillRow::refund(NOON, &paid, "r-1", 3000)
    };
    let out = at.import(&[row]);
    assert_eq!(figure(&out, "matched"), 1, "{out}");
}

#[tokio::test]
async fn a_payment_that_stands_otherwise_at_the_gateway_is_an_exception() {
    let shop = Shop::beside_the_sandbox().await;
    let at = At::wechatpay(&shop);
    let transaction_id = at.pays("BP-1", "pay_bp1").await;
    let revoked = BillRow {
        what: Billed::Payment("REVOKED"),
        ..BillRow::payment(NOON, &paid("pay_bp1", &transaction_id))
    };
    let out = at.import(&[revoked]);
    assert_eq!(figure(&out, "other state"), 1, "{out}");
    assert_eq!(
        at.open().await,
        [json!(["bill_other_state", "BP-1", 8800, 8800])]
    );

    // A buyer who looks at the code and does not pay.
    shop.place("BP-2", 8800).await;
    shop.start("BP-2", "wx", "pay_bp2", "wechatpay.native")
        .await;
    let unpaid = paid("pay_bp2", "4200000000000000000000000777");
    let out = at.import(&[BillRow::payment(NOON, &unpaid)]);
    assert_eq!(figure(&out, "other state"), 1, "{out}");
    assert_eq!(
        at.open().await,
        [json!(["bill_other_state", "BP-2", null, 8800])],
        "the other bill of the day ends what the first one differed in"
    );
    assert_eq!(shop.order("BP-2").await["status"], "open");
}

#[tokio::test]
async fn another_systems_refund_refuses_no_bill_whatever_its_number() {
    let shop = Shop::beside_the_sandbox().await;
    for (at, transaction_id) in [
        (At::alipay(&shop), "2026010522001499160501589437"),
        (At::wechatpay(&shop), "4200000000000000000000000778"),
    ] {
        let paid = paid("别家/1", transaction_id);
        let out = at.import(&[BillRow::refund(NOON, &paid, "RF.2026/1", 1000)]);
        assert_eq!(figure(&out, "foreign"), 1, "{out}");
    }
}

#[tokio::test]
async fn a_refund_of_ours_does_not_explain_one_under_a_number_that_none_here_can_have() {
    let shop = Shop::beside_the_sandbox().await;
    let at = At::alipay(&shop);
    let transaction_id = at.pays("BO-1", "pay_both").await;
    at.refunds("BO-1", "pay_both", "succeeded").await;
    at.told_to_nobody("pay_both").await;
    shop.back_office_refunds("alipay", "pay_both", 2000).await;
    let paid = paid("pay_both", &transaction_id);
    let out = at.import(&[
        BillRow::payment(NOON, &paid),
        BillRow::refund(NOON, &paid, "r-1", 3000),
        BillRow::refund(NOON, &paid, "RF.2026/1", 2000),
    ]);
    // Alipay cannot be asked about a number like that, and says nothing of a part that went back.
    assert_eq!(figure(&out, "missing here"), 1, "{out}");
    assert_eq!(
        at.open().await,
        [json!(["bill_missing_here", "BO-1", null, 2000])]
    );
}
