//! How long the bill of a million payments takes:
//! `cargo test --release -p payfold --lib -- --ignored --nocapture a_million_rows`.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use payfold_domain::event::{
    Basis, Event, Fulfilment, MoneyReceived, OrderEvent, OrderPlaced, PaymentConfirmed,
    PaymentStarted,
};
use payfold_domain::policy::Policy;
use payfold_domain::{
    AccountName, AppId, Application, Method, Money, OrderNo, OutTradeNo, PaymentRef, Receipt,
    Source, Timestamp, TransactionId,
};
use payfold_projections::View;
use payfold_sqlite::{Options, SqliteStore};
use payfold_store::{Decision, Head, Outcome, StreamName, prepare};
use serde_json::Value;
use uuid::Uuid;

use super::site::{Nobody, SetClock, TestSite, now};
use crate::app::{App, AskedBill, Progress};
use crate::config::Config;
use crate::control::Mode;

const ROWS: u32 = 1_000_000;

/// So many were paid before midnight by our time, and stand in the bill of the day after.
pub(super) const CARRIED: u32 = 5_000;

pub(super) struct Merchant {
    pub(super) account: AccountName,
    pub(super) app_id: String,
    pub(super) mch_id: String,
}

impl Merchant {
    /// The one that the folder's configuration names.
    pub(super) fn of(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("wechatpay/account.json")).unwrap();
        let account: Value = serde_json::from_str(&text).unwrap();
        let text = |name: &str| account[name].as_str().unwrap().to_owned();
        Self {
            account: AccountName::new("wx").unwrap(),
            app_id: text("app_id"),
            mch_id: text("mch_id"),
        }
    }
}

pub(super) fn transaction(number: u32) -> String {
    format!("42000000002026010100{number:08}")
}

/// When it was paid by our time; midnight of the first of January in Shanghai is eight hours before a
/// site starts.
fn paid_at(number: u32) -> Timestamp {
    let midnight = now().plus_secs(-8 * 3600);
    if number < CARRIED {
        midnight.plus_secs(-1)
    } else {
        midnight.plus_secs(i64::from(number % 86_400))
    }
}

fn story(number: u32, merchant: &Merchant) -> (StreamName, Vec<Event>) {
    let payment = PaymentRef {
        account: merchant.account.clone(),
        out_trade_no: OutTradeNo::new(&format!("pay_{number:08}")).unwrap(),
    };
    let order_no = OrderNo::new(&format!("M-{number:08}")).unwrap();
    let (amount, app_id) = (Money::cny(100), AppId::new(&merchant.app_id).unwrap());
    let at = paid_at(number);
    let placed = OrderPlaced {
        order_no: order_no.clone(),
        amount,
        fulfilment: Fulfilment::None,
        expires_at: at.plus_secs(7200),
        subject: None,
        metadata: None,
    };
    let started = PaymentStarted {
        payment: payment.clone(),
        method: Method::WechatpayNative,
        asked: amount,
        app_id: Some(app_id.clone()),
        expires_at: None,
        return_url: None,
        openid: None,
        client_ip: None,
    };
    let receipt = Receipt {
        transaction_id: TransactionId::from_gateway(&transaction(number)).unwrap(),
        amount,
        application: Application::Listed(app_id),
        paid_at: at,
    };
    let money = MoneyReceived {
        payment,
        method: Method::WechatpayNative,
        receipt,
        source: Source::Notify,
    };
    let confirmed = PaymentConfirmed {
        money,
        basis: Basis::AsAsked,
    };
    let events = [
        OrderEvent::OrderPlaced(placed),
        OrderEvent::PaymentStarted(started),
        OrderEvent::PaymentConfirmed(confirmed),
    ];
    let events = events.into_iter().map(Event::Order).collect();
    (StreamName::Order(order_no), events)
}

pub(super) async fn is_paid(app: &App, number: u32, merchant: &Merchant) {
    let (stream, events) = story(number, merchant);
    let decision = Decision {
        stream: &stream,
        head: Head::default(),
        receipt: Uuid::from_u128(u128::from(number)),
        time: now(),
        events: &events,
        evidence: None,
        taken_up: None,
    };
    let append = prepare(decision, &mut || [7; 32]).unwrap();
    let stored = app.store.append(append).await.unwrap();
    assert!(matches!(stored, Outcome::Appended { .. }), "{stored:?}");
}

fn bill(merchant: &Merchant) -> Vec<u8> {
    let Merchant { app_id, mch_id, .. } = merchant;
    let mut bill = Vec::new();
    bill.extend("\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n".bytes());
    for number in 0..ROWS {
        let second = if number < CARRIED { 0 } else { number % 86_400 };
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let transaction = transaction(number);
        write!(bill, "`2026-01-01 {hour:02}:{minute:02}:{second:02},`{app_id},`{mch_id},`0,`,`{transaction},`pay_{number:08},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`龙井茶 100 g,`,`0.01000,`0.60%,`1.00,`0.00,`\r\n").unwrap();
    }
    let sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    write!(
        bill,
        "{sums}\r\n`{ROWS},`{ROWS}.00,`0.00,`0.00,`{}.00,`{ROWS}.00,`0.00\r\n",
        ROWS / 100
    )
    .unwrap();
    bill
}

async fn site(folder: &Path) -> (TestSite, Merchant) {
    let config = Config::read(&folder.join("payfold.toml"), std::iter::empty(), now()).unwrap();
    let merchant = Merchant::of(folder);
    #[expect(clippy::disallowed_methods, reason = "the store's own threads")]
    let spawn = |_: &'static str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().spawn(work).map(drop)
    };
    let id = Uuid::from_u128(7);
    let store = SqliteStore::open(&folder.join("store"), id, Options::default(), &spawn).unwrap();
    let (clock, http) = (SetClock::new(), Arc::new(Nobody));
    let site =
        TestSite::start_over(Policy::HOLD, config.accounts, clock, http, Arc::new(store)).await;
    (site, merchant)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: it measures, in release"]
async fn a_million_rows_are_reconciled() {
    let folder = tempfile::tempdir().unwrap();
    drop(super::bills::gateways(folder.path(), &SetClock::new()));
    let (site, merchant) = site(folder.path()).await;
    let app = &site.app;
    stream::iter(0..ROWS)
        .map(|number| is_paid(app, number, &merchant))
        .buffer_unordered(1_000)
        .collect::<()>()
        .await;
    let tip = *app.store.tip().borrow();
    app.views.reached(View::DailyReport, tip).await.unwrap();
    let (bill, (progress, _lines)) = (Cursor::new(bill(&merchant)), Progress::channel());
    let account = &merchant.account;
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    let start = std::time::Instant::now();
    let imported = app
        .import_bill(account, bill, AskedBill::ByHand, Mode::Apply, &progress)
        .await;
    let took = start.elapsed();
    let report = imported.unwrap().to_string();
    println!("{report}\n{ROWS} rows took {took:?}");
    assert!(
        report.contains(&format!("matched        {ROWS}")),
        "{report}"
    );
}
