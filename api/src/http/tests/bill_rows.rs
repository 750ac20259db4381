//! How many rows of a bill may differ, and how the gateway is asked about those that nobody here knows.

use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, StatusCode};
use payfold_domain::AccountName;
use payfold_domain::policy::Policy;
use payfold_projections::View;
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bills::{AtWork, accounts, gateways};
use super::million::{CARRIED, Merchant, is_paid, transaction};
use super::site::{SHOP, SetClock, TestSite};
use crate::app::{AskedBill, BillError, Progress};
use crate::control::Mode;
use crate::world::{Answering, Outbound};

/// A status and a code, by the path that was asked.
pub(super) type Refusal = fn(&str) -> (u16, &'static str);

/// A gateway that only ever refuses, and signs nothing.
pub(super) struct Curt {
    answer: Mutex<Refusal>,
    asked: Mutex<Vec<String>>,
    takes: Duration,
}

impl Curt {
    pub(super) fn answering(answer: Refusal) -> Arc<Self> {
        Self::slowly(Duration::ZERO, answer)
    }

    fn slowly(takes: Duration, answer: Refusal) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(answer),
            asked: Mutex::default(),
            takes,
        })
    }

    fn answers(&self, answer: Refusal) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Outbound for Curt {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        let path = request.uri().path().to_owned();
        let (status, code) = (self.answer.lock().unwrap())(&path);
        self.asked.lock().unwrap().push(path);
        let body = json!({ "code": code, "message": "no" }).to_string();
        let answer = Response::builder().status(status).body(body.into());
        Box::pin(async move {
            if status < 500 {
                tokio::time::sleep(self.takes).await;
            }
            Ok(answer.unwrap())
        })
    }
}

/// Nothing is known there.
pub(super) fn nothing_there(_path: &str) -> (u16, &'static str) {
    (404, "ORDER_NOT_EXIST")
}

/// A row of WeChat Pay's bill, of one yuan.
#[derive(Clone)]
pub(super) struct Row {
    /// `yyyy-MM-dd HH:mm:ss` in Beijing.
    pub(super) at: &'static str,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) state: &'static str,
}

impl Row {
    /// Of the payment with that number.
    pub(super) fn of(number: u32, at: &'static str) -> Self {
        Self {
            at,
            out_trade_no: format!("pay_{number:08}"),
            transaction_id: transaction(number),
            state: "SUCCESS",
        }
    }
}

/// A site with the account `wx`.
pub(super) struct Shop {
    pub(super) site: TestSite,
    pub(super) merchant: Merchant,
    _folder: tempfile::TempDir,
}

impl Shop {
    pub(super) async fn beside(http: Arc<dyn Outbound>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SetClock::new();
        drop(gateways(folder.path(), &clock));
        let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
        let accounts = accounts(folder.path());
        let site = TestSite::start_over(Policy::HOLD, accounts, clock, http, store).await;
        site.app.record_identities().await.unwrap();
        let merchant = Merchant::of(folder.path());
        Self {
            site,
            merchant,
            _folder: folder,
        }
    }

    pub(super) async fn is_paid(&self, numbers: impl Iterator<Item = u32>) {
        stream::iter(numbers)
            .map(|number| is_paid(&self.site.app, number, &self.merchant))
            .buffer_unordered(500)
            .collect::<()>()
            .await;
    }

    pub(super) async fn import(&self, rows: &[Row], mode: Mode) -> Result<String, BillError> {
        let (progress, _lines) = Progress::channel();
        let file = Cursor::new(self.bill(rows).into_bytes());
        let (app, account) = (&self.site.app, &self.merchant.account);
        let imported = app.import_bill(account, file, AskedBill::ByHand, mode, &progress);
        imported.await.map(|report| report.to_string())
    }

    fn bill(&self, rows: &[Row]) -> String {
        let Merchant { app_id, mch_id, .. } = &self.merchant;
        let columns = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
        let sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
        let lines: String = rows
            .iter()
            .map(|row| {
                let Row { at, out_trade_no, transaction_id, state } = row;
                format!("`{at},`{app_id},`{mch_id},`0,`,`{transaction_id},`{out_trade_no},`o-buyer,`NATIVE,`{state},`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`tea,`,`0.00000,`0.60%,`1.00,`0.00,`\n")
            })
            .collect();
        let count = rows.len();
        format!(
            "{columns}\n{lines}{sums}\n`{count},`{count}.00,`0.00,`0.00,`0.00,`{count}.00,`0.00\n"
        )
    }

    /// The kinds of the exceptions that are open.
    pub(super) async fn open(&self) -> Vec<Value> {
        open(&self.site).await
    }
}

async fn open(site: &TestSite) -> Vec<Value> {
    let tip = *site.app.store.tip().borrow();
    site.app.views.reached(View::Exceptions, tip).await.unwrap();
    let path = "/v1/exceptions?status=open";
    let open = site.ask(SHOP, "GET", path, Value::Null).await.json;
    let items = open["items"].as_array().unwrap().iter();
    items.map(|exception| exception["kind"].clone()).collect()
}

pub(super) fn figure(report: &str, name: &str) -> u64 {
    let mut lines = report.lines();
    let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

const NOON: &str = "2026-01-01 12:00:00";

fn rows(count: u32) -> Vec<Row> {
    (1..=count).map(|number| Row::of(number, NOON)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_bill_that_lacks_too_much_is_refused_before_anything_is_asked() {
    let gateway = Curt::answering(nothing_there);
    let shop = Shop::beside(gateway.clone()).await;
    shop.is_paid(CARRIED..CARRIED + 10_001).await;
    for mode in [Mode::DryRun, Mode::Apply] {
        let imported = shop.import(&rows(1), mode).await;
        assert!(
            matches!(imported, Err(BillError::TooDifferent)),
            "{imported:?}"
        );
    }
    assert_eq!(gateway.asked(), 0);
    assert_eq!(shop.open().await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn no_more_is_asked_once_too_much_differs() {
    let gateway = Curt::answering(nothing_there);
    let shop = Shop::beside(gateway.clone()).await;
    let imported = shop.import(&rows(10_100), Mode::Apply).await;
    assert!(
        matches!(imported, Err(BillError::TooDifferent)),
        "{imported:?}"
    );
    let asked = gateway.asked();
    assert!((10_001..10_020).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn rows_that_get_no_answer_are_no_reason_to_refuse_a_bill() {
    let gateway = Curt::answering(|_path| (500, "SYSTEM_ERROR"));
    let shop = Shop::beside(gateway.clone()).await;
    let imported = shop.import(&rows(10_010), Mode::Apply).await;
    assert!(
        matches!(imported, Err(BillError::Unfinished { rows: 10_010 })),
        "{imported:?}"
    );
    let asked = gateway.asked();
    assert!(asked <= 24, "{asked}: eight rows, three times each");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_gets_no_answer_stops_no_other() {
    let gateway = Curt::slowly(Duration::from_secs(1), |path| {
        if path.ends_with("pay_00000003") {
            (500, "SYSTEM_ERROR")
        } else {
            nothing_there(path)
        }
    });
    let shop = Shop::beside(gateway.clone()).await;
    let imported = shop.import(&rows(60), Mode::Apply).await;
    assert!(
        matches!(imported, Err(BillError::Unfinished { rows: 1 })),
        "{imported:?}"
    );
    assert_eq!(gateway.asked(), 59 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_refused_for_now_is_asked_about_again() {
    let gateway = Curt::answering(|_path| (401, "SIGN_ERROR"));
    let shop = Shop::beside(gateway.clone()).await;
    let refusals: [Refusal; 3] = [
        |_path| (401, "SIGN_ERROR"),
        |_path| (429, "FREQUENCY_LIMITED"),
        |_path| (400, "PARAM_ERROR"),
    ];
    for refusal in refusals {
        gateway.answers(refusal);
        let imported = shop.import(&rows(1), Mode::Apply).await;
        assert!(
            matches!(imported, Err(BillError::Unfinished { rows: 1 })),
            "{imported:?}"
        );
    }
    gateway.answers(nothing_there);
    let report = shop.import(&rows(1), Mode::Apply).await.unwrap();
    assert_eq!(figure(&report, "missing here"), 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_row_of_another_number_than_the_events_have_is_not_theirs() {
    let shop = Shop::beside(Curt::answering(nothing_there)).await;
    shop.is_paid([50_000].into_iter()).await;
    let row = Row {
        out_trade_no: "another".to_owned(),
        ..Row::of(50_000, NOON)
    };
    let report = shop.import(&[row], Mode::Apply).await.unwrap();
    for (name, count) in [("matched", 0), ("missing here", 1), ("missing there", 1)] {
        assert_eq!(figure(&report, name), count, "{name}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_what_differs_and_what_would_be_asked() {
    let shop = Shop::beside(Curt::answering(nothing_there)).await;
    shop.is_paid([50_000].into_iter()).await;
    let report = shop.import(&rows(102), Mode::DryRun).await.unwrap();
    let mut shown = report.lines().skip_while(|line| !line.is_empty()).skip(1);
    let header = "line\tkind\tout_trade_no\ttransaction_id\trefund_no\there\tthere";
    assert_eq!(shown.next(), Some(header));
    let first = format!(
        "2\tto be asked\tpay_00000001\t{}\t-\t-\t1.00",
        transaction(1)
    );
    assert_eq!(shown.next(), Some(first.as_str()));
    assert_eq!(shown.nth(98).unwrap().split('\t').next(), Some("101"));
    assert_eq!(shown.next(), Some("and 3 more"), "{report}");

    let report = shop.import(&rows(1), Mode::DryRun).await.unwrap();
    let lacks = format!(
        "-\tbill_missing_there\tpay_00050000\t{}\t-\t1.00\t-",
        transaction(50_000)
    );
    assert_eq!(report.lines().last(), Some(lacks.as_str()));
}

/// Alipay's file of rows with one payment that no application here has.
fn alipays_bill(folder: &Path) -> String {
    let account = std::fs::read_to_string(folder.join("alipay/account.json")).unwrap();
    let account: Value = serde_json::from_str(&account).unwrap();
    let seller_id = account["seller_id"].as_str().unwrap();
    format!(
        "#支付宝业务明细查询\r\n#账号：[{seller_id}0156]\r\n#起始日期：[2026年01月01日 00:00:00]   终止日期：[2026年01月02日 00:00:00]\r\n支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\r\n2026010122001499160501589437\t,elsewhere\t,交易,茶,{NOON},{NOON},\t,\t,\t,\t,*三(139****00)\t,1.00,1.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.01,0.00,\r\n#------业务明细列表结束------\r\n#交易合计：1笔，商家实收共1.00元，商家优惠共0.00元\r\n#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元\r\n"
    )
}

#[tokio::test(start_paused = true)]
async fn two_imports_of_one_bill_at_once_leave_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    let bill = alipays_bill(folder.path());
    let asked = Mutex::new(0);
    at_work.gateways.let_answers(move |uri, mut answer| {
        if uri
            .query()
            .unwrap_or_default()
            .contains("alipay.trade.query")
        {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            // The third one is the second import's, where it does not wait for the first.
            if *asked != 3 {
                *answer.status_mut() = StatusCode::BAD_GATEWAY;
            }
        }
        answer
    });
    let account = AccountName::new("ali").unwrap();
    let import = async |after_secs| {
        tokio::time::sleep(Duration::from_secs(after_secs)).await;
        let (progress, _lines) = Progress::channel();
        let file = Cursor::new(bill.clone().into_bytes());
        let app = &at_work.site.app;
        app.import_bill(&account, file, AskedBill::ByHand, Mode::Apply, &progress)
            .await
    };
    let (first, second) = tokio::join!(import(0), import(2));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(open(&at_work.site).await, Vec::<Value>::new());
}
