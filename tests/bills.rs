//! `payfold bill import`: every row of a gateway's bill is matched with the events, what is not known is
//! asked about, and what differs is an exception, once.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::gateway::{BillRow, Paid};
use crate::shop::{Setup, Shop, figure, order};

const NOON: &str = "2026-01-05 10:00:07";

fn paid<'a>(out_trade_no: &'a str, transaction_id: &'a str, minor: i64) -> Paid<'a> {
    Paid {
        out_trade_no,
        transaction_id,
        minor,
    }
}

/// An order that was paid by WeChat Pay at that time, and its payment.
async fn pays(shop: &Shop, order_no: &str, paid: &Paid<'_>, at: &str) {
    shop.put_order(order_no, &order(paid.minor)).await.json(201);
    shop.start(order_no, "wx", paid.out_trade_no, "external")
        .await;
    let message = shop.wechatpay().paid_v3_at(paid, at);
    assert_eq!(shop.notify("wx", &message).await.status, 204);
}

fn write(shop: &Shop, name: &str, rows: &[BillRow<'_>]) -> PathBuf {
    shop.file(name, shop.wechatpay().bill(rows))
}

/// The fees of the day, as the report has them.
async fn fees(shop: &Shop) -> i64 {
    let report = shop
        .list("/v1/reports/daily?from=2026-01-05&to=2026-01-05")
        .await;
    let fees = report.iter().map(|row| row["fee_minor"].as_i64().unwrap());
    fees.sum()
}

async fn bill_events(shop: &Shop) -> usize {
    let path = "/v1/events?limit=500&type=BillImported,BillDifferenceFound,ExceptionResolved";
    let page = shop.read(path).await.json(200);
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn each_difference_of_a_bill_is_an_exception_once_and_can_be_dismissed() {
    let shop = Shop::beside_the_sandbox().await;
    let same = paid("pay_b1", "4200000000000000000000000001", 8800);
    let other = paid("pay_b2", "4200000000000000000000000002", 700);
    let alone = paid("pay_b3", "4200000000000000000000000003", 300);
    for (order_no, paid) in [("B-1", &same), ("B-2", &other), ("B-3", &alone)] {
        pays(&shop, order_no, paid, "2026-01-05T10:00:07+08:00").await;
    }
    let more = Paid {
        minor: 701,
        ..other
    };
    let unheard_of = paid("pay_b4", "4200000000000000000000000004", 500);
    let foreign = BillRow {
        app_id: Some("wx9999999999999999"),
        ..BillRow::payment(NOON, &paid("4711", "4200000000000000000000000005", 900))
    };
    let rows = [&same, &more, &unheard_of].map(|paid| BillRow::payment(NOON, paid));
    let bill = write(&shop, "bill.csv", &[&rows[..], &[foreign]].concat());

    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    for (name, count) in [
        ("rows", 4),
        ("matched", 1),
        ("taken in", 0),
        ("foreign", 1),
        ("missing here", 1),
        ("missing there", 1),
        ("other amount", 1),
        ("other state", 0),
    ] {
        assert_eq!(figure(&out, name), count, "{name} in {out}");
    }
    let open = shop.exceptions().await;
    let told = |exception: &Value| {
        json!([
            exception["kind"],
            exception["out_trade_no"],
            exception["expected"]["minor"],
            exception["received"]["minor"],
            exception["order_no"],
            exception["actions"]
        ])
    };
    let mut told: Vec<Value> = open.iter().map(told).collect();
    told.sort_by_key(Value::to_string);
    let dismiss = ["dismiss"];
    assert_eq!(
        told,
        [
            json!(["bill_missing_here", "pay_b4", null, 500, null, dismiss]),
            json!(["bill_missing_there", "pay_b3", 300, null, "B-3", dismiss]),
            json!(["bill_other_amount", "pay_b2", 700, 701, "B-2", dismiss]),
        ]
    );

    let events = bill_events(&shop).await;
    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    assert!(out.contains("nothing to do"), "{out}");
    assert_eq!(bill_events(&shop).await, events, "a second import");
    let id = open[0]["id"].as_str().unwrap();
    let body = json!({ "action": "dismiss" });
    let dismissed = shop.resolve(id, &body).await.json(200);
    assert_eq!(dismissed["status"], "resolved");
    assert_eq!(shop.exceptions().await.len(), 2);
    assert_eq!(fees(&shop).await, 3, "one fen a row that is not foreign");
    shop.run(&["audit"]).with(0);
}

#[tokio::test]
async fn money_that_only_the_bill_has_is_asked_about_and_taken_in() {
    let mut shop = Shop::beside_the_sandbox().await;
    shop.place("B-5", 8800).await;
    shop.start("B-5", "wx", "pay_b5", "external").await;
    // It is told to nobody, and whoever watches the payment hears nothing.
    let lose = json!({ "fault": "lose", "out_trade_no": "pay_b5", "times": 50 });
    shop.goes_wrong(&lose).await;
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": "pay_b5", "minor": 8800 });
    shop.buyer_pays_with(&pay).await;
    shop.goes_wrong(&json!({ "fault": "down", "seconds": 600 }))
        .await;
    let trade = shop.trade("pay_b5").await;
    let transaction_id = trade["transaction_id"].as_str().unwrap();
    let row = BillRow::payment(NOON, &paid("pay_b5", transaction_id, 8800));
    let bill = write(&shop, "bill.csv", &[row]);

    let (out, _) = shop.import_bill("wx", &bill, &["--dry-run"]).with(0);
    assert_eq!(figure(&out, "to be asked"), 1, "{out}");
    assert_eq!(shop.order("B-5").await["status"], "open", "a dry run");
    assert_eq!(bill_events(&shop).await, 0);

    // Without a service beside it.
    shop.stop().with(0);
    shop.goes_right().await;
    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    assert_eq!(figure(&out, "taken in"), 1, "{out}");
    shop.start_again().await;
    assert_eq!(shop.order("B-5").await["paid"], 8800);
    assert_eq!(shop.exceptions().await.len(), 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_asked_about_now_is_an_exception_until_it_can_be() {
    let shop = Setup::new().beside_the_sandbox().open().await;
    shop.goes_wrong(&json!({ "fault": "lose", "times": 50 }))
        .await;
    let pay = json!({ "gateway": "wechatpay", "out_trade_no": "pay_b6", "minor": 100 });
    shop.buyer_pays_with(&pay).await;
    let trade = shop.trade("pay_b6").await;
    let transaction_id = trade["transaction_id"].as_str().unwrap();
    let row = BillRow::payment(NOON, &paid("pay_b6", transaction_id, 100));
    let bill = write(&shop, "bill.csv", &[row]);
    shop.goes_wrong(&json!({ "fault": "down", "seconds": 600 }))
        .await;
    let (_, err) = shop.import_bill("wx", &bill, &[]).with(1);
    assert!(err.contains("1 rows could not be asked about"), "{err}");
    let open = shop.exceptions().await;
    assert_eq!(open[0]["kind"], "bill_missing_here", "{open:?}");
    shop.goes_right().await;
    let (out, _) = until_done(&shop, &bill).await;
    assert_eq!(figure(&out, "taken in"), 1, "{out}");
    let open = shop.exceptions().await;
    let kinds: Vec<&Value> = open.iter().map(|open| &open["kind"]).collect();
    assert_eq!(kinds, ["unmatched"], "no order has the number");
}

/// Imports again until the breaker lets it.
async fn until_done(shop: &Shop, bill: &std::path::Path) -> (String, String) {
    for _ in 0..20 {
        let ended = shop.import_bill("wx", bill, &[]);
        if ended.code == Some(0) {
            return ended.with(0);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    panic!("the gateway is never asked again");
}

#[tokio::test]
async fn what_an_account_that_only_receives_cannot_ask_is_an_exception() {
    let key = "merchant_private_key_file = \"wechatpay/apiclient_key.pem\"";
    let shop = Setup::new().replacing(key, "").open().await;
    let row = BillRow::payment(NOON, &paid("pay_b7", "4200000000000000000000000007", 100));
    let bill = write(&shop, "bill.csv", &[row]);
    let (out, _) = shop.import_bill("wx", &bill, &[]).with(0);
    assert_eq!(figure(&out, "missing here"), 1, "{out}");
}

#[tokio::test]
async fn money_at_the_edge_of_a_day_is_missed_once_both_bills_lack_it() {
    let shop = Shop::beside_the_sandbox().await;
    let carried = paid("pay_b8", "4200000000000000000000000008", 800);
    let lost = paid("pay_b9", "4200000000000000000000000009", 900);
    pays(&shop, "B-8", &carried, "2026-01-05T23:59:58+08:00").await;
    pays(&shop, "B-9", &lost, "2026-01-05T23:59:59+08:00").await;
    let filler = paid("pay_b0", "4200000000000000000000000010", 100);
    pays(&shop, "B-0", &filler, "2026-01-05T10:00:07+08:00").await;
    let first = write(&shop, "first.csv", &[BillRow::payment(NOON, &filler)]);
    let (out, _) = shop.import_bill("wx", &first, &[]).with(0);
    assert_eq!(figure(&out, "awaited"), 2, "{out}");
    assert_eq!(figure(&out, "missing there"), 0, "{out}");
    assert_eq!(shop.exceptions().await.len(), 0);

    let row = BillRow::payment("2026-01-06 00:00:01", &carried);
    let second = write(&shop, "second.csv", &[row]);
    for how in [&["--dry-run"][..], &[]] {
        assert_eq!(shop.exceptions().await.len(), 0, "{how:?}");
        let (out, _) = shop.import_bill("wx", &second, how).with(0);
        assert_eq!(figure(&out, "matched"), 1, "{out}");
        assert_eq!(figure(&out, "missing there"), 1, "{how:?}: {out}");
    }
    let open = shop.exceptions().await;
    let told: Vec<_> = open
        .iter()
        .map(|open| (&open["kind"], &open["out_trade_no"]))
        .collect();
    assert_eq!(told, [(&json!("bill_missing_there"), &json!("pay_b9"))]);
}

#[tokio::test]
async fn the_bill_of_the_next_day_may_come_first() {
    let shop = Shop::beside_the_sandbox().await;
    let carried = paid("pay_c1", "4200000000000000000000000011", 800);
    let lost = paid("pay_c2", "4200000000000000000000000012", 900);
    pays(&shop, "C-1", &carried, "2026-01-05T23:59:58+08:00").await;
    pays(&shop, "C-2", &lost, "2026-01-05T23:59:59+08:00").await;
    let filler = paid("pay_c3", "4200000000000000000000000013", 100);
    pays(&shop, "C-3", &filler, "2026-01-05T10:00:07+08:00").await;
    let row = BillRow::payment("2026-01-06 00:00:01", &carried);
    let second = write(&shop, "second.csv", &[row]);
    let (out, _) = shop.import_bill("wx", &second, &[]).with(0);
    assert_eq!(figure(&out, "matched"), 1, "{out}");
    let first = write(&shop, "first.csv", &[BillRow::payment(NOON, &filler)]);
    let (out, _) = shop.import_bill("wx", &first, &[]).with(0);
    assert_eq!(figure(&out, "awaited"), 0, "{out}");
    assert_eq!(figure(&out, "missing there"), 1, "{out}");
    assert_eq!(shop.exceptions().await[0]["out_trade_no"], "pay_c2");
}

#[tokio::test]
async fn a_bill_that_does_not_hold_is_refused_whole_with_its_line() {
    let shop = Shop::open().await;
    let row = BillRow::payment(NOON, &paid("pay_c4", "4200000000000000000000000014", 100));
    let good = shop.wechatpay().bill(&[row]);
    for (from, to, told) in [
        ("交易状态", "状态", "line 1"),
        ("`1,`1.00", "`2,`1.00", "line 4"),
        ("`4200000000000000000000000014", "`x", "line 2"),
    ] {
        let bill = shop.folder().join("bad.csv");
        std::fs::write(&bill, good.replace(from, to)).unwrap();
        let (out, err) = shop.import_bill("wx", &bill, &[]).with(1);
        assert!(
            err.contains(told) && out.is_empty(),
            "{told} is not in {err}"
        );
    }
    assert_eq!(bill_events(&shop).await, 0);
    let bill = shop.folder().join("bad.csv");
    let (_, err) = shop.import_bill("nobody", &bill, &[]).with(2);
    assert!(err.contains("expected one of ali, wx"), "{err}");
}
