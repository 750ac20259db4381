//! Refunds by numbers and sizes that others chose: the back office, the shop's other code.

use serde_json::{Value, json};

use crate::gateway::{BillRow, Paid};
use crate::shop::{Shop, figure};

const DATE: &str = "2026-01-05";
const NOON: &str = "2026-01-05 12:00:00";

/// A refund's notify of Alipay's: so much in all, the newest under that number.
async fn told_of_refund(shop: &Shop, paid: &Paid<'_>, refund_no: &str, total: &str, at: &str) {
    let refunded = shop.alipay().notify(
        paid,
        &[
            ("refund_fee", total),
            ("gmt_refund", at),
            ("out_biz_no", refund_no),
        ],
    );
    assert_eq!(shop.notify("ali", &refunded).await.text, "success");
}

#[tokio::test]
async fn a_bill_that_has_each_of_two_back_office_refunds_counts_neither_twice() {
    let shop = Shop::beside_the_sandbox().await;
    let transaction_id = shop.paid_order(("RN-1", "ali", "pay_rn1"), "alipay").await;
    let lose = json!({ "fault": "lose", "out_trade_no": "pay_rn1", "times": 1 });
    shop.goes_wrong(&lose).await;
    shop.back_office_refunds("alipay", "pay_rn1", 2000).await;
    shop.has_gone_wrong().await;
    shop.back_office_refunds("alipay", "pay_rn1", 3000).await;
    let refunded = |order: &Value| order["refunded"] == 5000;
    shop.order_once("RN-1", refunded).await;

    let trade = shop.trade("pay_rn1").await;
    let number = |index: usize| trade["refunds"][index]["refund_no"].as_str().unwrap();
    let paid = Paid {
        out_trade_no: "pay_rn1",
        transaction_id: &transaction_id,
        minor: 8800,
    };
    let rows = [
        BillRow::payment(NOON, &paid),
        BillRow::refund(NOON, &paid, number(1), 3000),
        BillRow::refund(NOON, &paid, number(0), 2000),
    ];
    let bill = shop.file("bill.csv", shop.alipay().bill(DATE, &rows));
    let (out, _) = shop.import_bill("ali", &bill, &[]).with(0);
    assert_eq!(
        (figure(&out, "matched"), figure(&out, "taken in")),
        (1, 2),
        "{out}"
    );
    assert_eq!(shop.order("RN-1").await["refunded"], 5000);
    let told = shop.exceptions().await;
    let mut sizes: Vec<_> = told.iter().map(|told| &told["received"]["minor"]).collect();
    sizes.sort_by_key(|size| size.as_i64());
    assert_eq!(sizes, [2000, 3000], "{told:#?}");
}

/// Alipay's numbers of refunds are unique within one trade only.
#[tokio::test]
async fn two_payments_may_have_refunds_of_one_number_that_others_chose() {
    let shop = Shop::open().await;
    let numbers = [
        ("RN-2a", "pay_rn2a", "2026010522111"),
        ("RN-2b", "pay_rn2b", "2026010522112"),
    ];
    for (order_no, out_trade_no, transaction_id) in numbers {
        let paid = Paid {
            out_trade_no,
            transaction_id,
            minor: 8800,
        };
        shop.place(order_no, 8800).await;
        shop.start(order_no, "ali", out_trade_no, "external").await;
        shop.notify("ali", &shop.alipay().paid(&paid)).await;
        told_of_refund(&shop, &paid, "1", "30.00", "2026-01-05 11:00:00").await;
        assert_eq!(shop.order(order_no).await["refunded"], 3000);
    }
    let report = shop
        .list("/v1/reports/daily?from=2026-01-05&to=2026-01-05")
        .await;
    let refunded = report.iter().map(|row| row["refunded_minor"].as_i64());
    assert_eq!(refunded.sum::<Option<i64>>(), Some(6000), "{report:#?}");
    shop.run(&["audit"]).with(0);

    // A number that a payment has from elsewhere is none that the shop can ask for.
    for (order_no, out_trade_no, _) in numbers {
        let payment = (order_no, "ali", out_trade_no);
        let refused = shop.refund(payment, "1", 1000).await;
        let problem = refused.problem(409, "conflict");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("made elsewhere"), "{detail}");
        assert_eq!(problem["errors"][0]["pointer"], "/path/refund_no");
    }
}

#[tokio::test]
async fn a_stray_and_an_order_may_have_refunds_of_one_number_that_others_chose() {
    let shop = Shop::open().await;
    let order = Paid {
        out_trade_no: "pay_rn3",
        transaction_id: "2026010522113",
        minor: 8800,
    };
    let stray = Paid {
        out_trade_no: "pay_rn3_stray",
        transaction_id: "2026010522114",
        minor: 8800,
    };
    shop.place("RN-3", 8800).await;
    shop.start("RN-3", "ali", "pay_rn3", "external").await;
    for paid in [&order, &stray] {
        shop.notify("ali", &shop.alipay().paid(paid)).await;
        told_of_refund(&shop, paid, "1", "30.00", "2026-01-05 11:00:00").await;
    }
    // The order that the stray's number turns out to be of.
    shop.place("RN-3s", 8800).await;
    shop.start("RN-3s", "ali", "pay_rn3_stray", "external")
        .await;
    let refunded = |order: &Value| order["refunded"] == 3000;
    shop.order_once("RN-3s", refunded).await;
    shop.run(&["audit"]).with(0);
}

/// The gateway has another refund under the number: it can never be made, and others must not wait.
#[tokio::test]
async fn a_refund_whose_number_the_gateway_has_with_another_amount_waits_for_a_person() {
    let shop = Shop::beside_the_sandbox().await;
    for account in ["ali", "wx"] {
        let gateway = if account == "ali" {
            "alipay"
        } else {
            "wechatpay"
        };
        let (order_no, number) = (format!("RN-4-{account}"), format!("pay_rn4_{account}"));
        shop.paid_order((&order_no, account, &number), gateway)
            .await;
        let lose = json!({ "fault": "lose", "out_trade_no": number, "times": 50 });
        shop.goes_wrong(&lose).await;
        shop.back_office_refunds(gateway, &number, 500).await;
        let trade = shop.trade(&number).await;
        let taken = trade["refunds"][0]["refund_no"].as_str().unwrap();
        let payment = (&*order_no, account, &*number);
        shop.refund(payment, taken, 1000).await.json(201);
        let stuck = |order: &Value| order["payments"][0]["refunds"][0]["status"] == "needs_action";
        let order = shop.order_once(&order_no, stuck).await;
        let kinds: Vec<_> = order["exceptions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|told| told["kind"].as_str().unwrap())
            // A query that was on its way when the back office gave back tells of that too.
            .filter(|kind| *kind != "external_refund")
            .collect();
        assert_eq!(kinds, ["contradiction", "refund_needs_action"], "{order:#}");
    }
}

#[tokio::test]
async fn a_bill_tells_two_payments_refunds_of_one_number_apart() {
    let shop = Shop::beside_the_sandbox().await;
    let ours = shop
        .paid_order(("RN-5a", "ali", "pay_rn5a"), "alipay")
        .await;
    shop.refund(("RN-5a", "ali", "pay_rn5a"), "1", 1000)
        .await
        .json(201);
    let refunded = |order: &Value| order["refunded"] == 1000;
    shop.order_once("RN-5a", refunded).await;
    let theirs = shop
        .paid_order(("RN-5b", "ali", "pay_rn5b"), "alipay")
        .await;
    let paid = |out_trade_no, transaction_id| Paid {
        out_trade_no,
        transaction_id,
        minor: 8800,
    };
    let (ours, theirs) = (paid("pay_rn5a", &ours), paid("pay_rn5b", &theirs));
    told_of_refund(&shop, &theirs, "1", "5.00", NOON).await;

    let rows = [
        BillRow::payment(NOON, &ours),
        BillRow::refund(NOON, &ours, "1", 1000),
        BillRow::payment(NOON, &theirs),
        BillRow::refund(NOON, &theirs, "1", 300),
    ];
    let bill = shop.file("bill.csv", shop.alipay().bill(DATE, &rows));
    let (out, _) = shop.import_bill("ali", &bill, &[]).with(0);
    assert_eq!(
        (figure(&out, "matched"), figure(&out, "other amount")),
        (3, 1),
        "{out}"
    );
    let told = shop.exceptions().await;
    let told = told.iter().find(|told| told["kind"] == "bill_other_amount");
    let told = told.unwrap();
    assert_eq!(
        (&told["expected"]["minor"], &told["received"]["minor"]),
        (&json!(500), &json!(300)),
        "{told:#}"
    );
}
