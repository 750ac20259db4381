//! The days of one WeChat Pay payment and its refund, in bills that an operator brings.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use payfold_domain::policy::Policy;
use payfold_domain::{AccountName, Timestamp};
use payfold_projections::View;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::bills::{AtWork, Unreachable, accounts, sandbox};
use super::first_key::comes_to;
use super::site::{Nobody, SHOP, SetClock, TestSite, now};
use crate::app::{AskedBill, Progress};
use crate::control::Mode;

const DAY_SECS: i64 = 86_400;

/// The order's payment at WeChat Pay.
const NUMBER: &str = "pay_number";
const ORDER: &str = "/v1/orders/D-1";
const PAYMENT: &str = "/v1/orders/D-1/payments/wx/pay_number";

/// A row of a bill.
struct Row<'a> {
    /// `yyyy-MM-dd HH:mm:ss` in Beijing.
    at: &'a str,
    transaction_id: &'a str,
    /// Of a refund.
    refund_no: Option<&'a str>,
    /// In whole yuan.
    yuan: i64,
}

/// The text of the account's bill with that one row.
fn bill(folder: &Path, row: &Row<'_>) -> String {
    let account = std::fs::read_to_string(folder.join("wechatpay/account.json")).unwrap();
    let account: Value = serde_json::from_str(&account).unwrap();
    let [app_id, mch_id] = ["app_id", "mch_id"].map(|name| account[name].as_str().unwrap());
    let Row {
        at,
        transaction_id,
        refund_no,
        yuan,
    } = row;
    let (state, paid, back) = match refund_no {
        None => ("SUCCESS", *yuan, 0),
        Some(_) => ("REFUND", 0, *yuan),
    };
    let refund = match refund_no {
        None => "`0,`0,`0.00,`0.00,`,`".to_owned(),
        Some(number) => format!("`5000,`{number},`{back}.00,`0.00,`ORIGINAL,`SUCCESS"),
    };
    let columns = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    let sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    format!(
        "{columns}\n`{at},`{app_id},`{mch_id},`0,`,`{transaction_id},`{NUMBER},`o-buyer,`NATIVE,`{state},`OTHERS,`CNY,`{paid}.00,`0.00,{refund},`tea,`,`0.00000,`0.60%,`{paid}.00,`{back}.00,`\n{sums}\n`1,`{paid}.00,`{back}.00,`0.00,`0.00,`{paid}.00,`{back}.00\n"
    )
}

/// Imports the bill with that one row: its matched rows, what it awaits and what differs.
async fn import(site: &TestSite, folder: &Path, row: &Row<'_>) -> [u64; 3] {
    let (progress, _lines) = Progress::channel();
    let account = AccountName::new("wx").unwrap();
    let file = Cursor::new(bill(folder, row).into_bytes());
    let imported = site
        .app
        .import_bill(&account, file, AskedBill::ByHand, Mode::Apply, &progress);
    let report = imported.await.unwrap().to_string();
    let figure = |name: &str| {
        let mut lines = report.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    let differences = [
        "missing here",
        "missing there",
        "other amount",
        "other state",
    ];
    [
        figure("matched"),
        figure("awaited"),
        differences.map(figure).iter().sum(),
    ]
}

/// What a bill left for a person.
async fn differences(site: &TestSite) -> Vec<Value> {
    let tip = *site.app.store.tip().borrow();
    let views = &site.app.views;
    views.reached(View::Exceptions, tip).await.unwrap();
    let open = site
        .ask(SHOP, "GET", "/v1/exceptions?status=open", Value::Null)
        .await;
    let kinds = open.json["items"].as_array().unwrap().iter();
    let kinds = kinds.map(|exception| exception["kind"].clone());
    kinds
        .filter(|kind| kind.as_str().unwrap().starts_with("bill_"))
        .collect()
}

#[tokio::test]
async fn money_that_only_a_refund_told_of_is_missed_in_no_bill_and_found_in_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, shop) = (SetClock::new(), Arc::<Unreachable>::default());
    let origin = "http://127.0.0.1:8090";
    let sandbox = sandbox(origin, folder.path(), &clock, Arc::clone(&shop));
    let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
    let (accounts, http) = (accounts(folder.path()), Arc::new(Nobody));
    let site = TestSite::start_over(Policy::HOLD, accounts, clock, http, store).await;
    site.app.record_identities().await.unwrap();
    site.place("D-1").await;
    let external = json!({ "method": "external" });
    let started = site.ask(SHOP, "PUT", PAYMENT, external).await;
    assert_eq!(started.status, StatusCode::CREATED);
    for (days, what) in [(0, "pay"), (3, "refund")] {
        site.clock.set(now().plus_secs(days * DAY_SECS));
        let told = json!({ "gateway": "wechatpay", "out_trade_no": NUMBER, "minor": 8800 });
        let request = Request::post(format!("/_sandbox/{what}"));
        let request = request.body(Body::from(told.to_string())).unwrap();
        let answer = sandbox.router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        sandbox.deliver_due().await;
    }
    // The payment's own notify never comes.
    let notify = shop.last_with("REFUND.SUCCESS");
    let header = |(name, value): &(&'static str, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = notify.headers.iter().map(header).collect();
    let account = AccountName::new("wx").unwrap();
    let account = site.app.accounts.get(&account).unwrap();
    let taken = site.app.notify(&account, &headers, notify.body).await;
    assert_eq!(taken.status, 204, "{}", taken.body);

    let order = site.ask(SHOP, "GET", ORDER, Value::Null).await.json;
    assert_eq!(
        (&order["paid"], &order["refunded"]),
        (&json!(8800), &json!(8800))
    );
    let transaction_id = order["payments"][0]["transaction_id"].as_str().unwrap();
    let path = "/v1/events?type=ExternalRefundObserved";
    let refunds = site.ask(SHOP, "GET", path, Value::Null).await.json;
    let refund_no = refunds["items"][0]["data"]["refund_no"].as_str().unwrap();
    let refund = Row {
        at: "2026-01-04 08:00:00",
        transaction_id,
        refund_no: Some(refund_no),
        yuan: 88,
    };
    assert_eq!(import(&site, folder.path(), &refund).await, [1, 0, 0]);
    let paid = Row {
        at: "2026-01-01 08:00:00",
        refund_no: None,
        ..refund
    };
    assert_eq!(import(&site, folder.path(), &paid).await, [1, 0, 0]);
    assert_eq!(differences(&site).await, Vec::<Value>::new());
}

/// The last second of the first day, in Beijing.
fn last_second() -> Timestamp {
    now().plus_secs(16 * 3_600 - 1)
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_the_gateway_takes_up_after_midnight_is_missed_on_neither_day() {
    for first_day_comes in ["first", "last"] {
        let folder = tempfile::tempdir().unwrap();
        let at_work = AtWork::beside(folder.path()).await;
        let site = &at_work.site;
        site.place("D-1").await;
        let external = json!({ "method": "external" });
        let started = site.ask(SHOP, "PUT", PAYMENT, external).await;
        assert_eq!(started.status, StatusCode::CREATED);
        at_work.told("pay", "wechatpay", NUMBER, 8800).await;
        site.clock.set(now().plus_secs(40));
        assert!(comes_to(site, ORDER, |order| order["status"] == "paid").await);

        site.clock.set(last_second());
        let slow = json!({ "fault": "refund-slow", "out_trade_no": NUMBER, "seconds": 2 });
        at_work.sandbox_is_told("faults", &slow).await;
        let refund = format!("{PAYMENT}/refunds/R-1");
        let asked = site.ask(SHOP, "PUT", &refund, json!({ "minor": 1000 }));
        assert_eq!(asked.await.status, StatusCode::CREATED);
        let refund_is = |status: &'static str| {
            move |order: &Value| order["payments"][0]["refunds"][0]["status"] == status
        };
        assert!(comes_to(site, ORDER, refund_is("submitted")).await);
        site.clock.set(last_second().plus_secs(300));
        assert!(comes_to(site, ORDER, refund_is("succeeded")).await);

        let order = site.ask(SHOP, "GET", ORDER, Value::Null).await.json;
        let transaction_id = order["payments"][0]["transaction_id"].as_str().unwrap();
        let paid = Row {
            at: "2026-01-01 08:00:00",
            transaction_id,
            refund_no: None,
            yuan: 88,
        };
        let refund = Row {
            at: "2026-01-02 00:00:01",
            refund_no: Some("R-1"),
            yuan: 10,
            ..paid
        };
        let (rows, awaited) = match first_day_comes {
            "first" => ([&paid, &refund], [1, 0]),
            _ => ([&refund, &paid], [0, 0]),
        };
        for (row, awaited) in rows.into_iter().zip(awaited) {
            let came_of_it = import(site, folder.path(), row).await;
            assert_eq!(came_of_it, [1, awaited, 0], "{first_day_comes}");
        }
        let open = differences(site).await;
        assert_eq!(open, Vec::<Value>::new(), "{first_day_comes}");
    }
}
