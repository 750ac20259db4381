//! The bills of both simulated gateways, fetched and reconciled by the job while the test moves the
//! clock.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use payfold_domain::policy::Policy;
use payfold_domain::{AccountName, Timestamp};
use payfold_projections::Day;
use payfold_sandbox::{
    Answer, Call, Library, Outside, Pending, Ports, Sandbox, Settings, Signers, Unreached,
};
use payfold_sqlite::SqliteStore;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::site::{SHOP, SetClock, TestSite, now};
use crate::app::{Account, AskedBill, Progress};
use crate::config::Config;
use crate::control::Mode;
use crate::world::{Answering, Clock as _, Outbound};

const PORTS: Ports = Ports {
    sandbox: 8090,
    service: 8080,
};

const DAY_SECS: i64 = 86_400;

/// A shop that no notify reaches: they are kept.
#[derive(Default)]
pub(super) struct Unreachable(Mutex<Vec<Call>>);

impl Unreachable {
    /// The last notify's body.
    pub(super) fn last(&self) -> Bytes {
        self.0.lock().unwrap().last().unwrap().body.clone()
    }

    /// The last notify in whose body that word stands.
    pub(super) fn last_with(&self, word: &str) -> Call {
        let calls = self.0.lock().unwrap();
        let mut latest_first = calls.iter().rev();
        let has_word = |call: &&Call| String::from_utf8_lossy(&call.body).contains(word);
        latest_first.find(has_word).unwrap().clone()
    }
}

impl payfold_sandbox::Outbound for Unreachable {
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>> {
        let url = call.url.clone();
        self.0.lock().unwrap().push(call);
        Box::pin(std::future::ready(Err(Unreached {
            url,
            problem: "nobody is there".to_owned(),
        })))
    }
}

/// What becomes of an answer on its way.
type Way = Arc<dyn Fn(&Uri, Response<Bytes>) -> Response<Bytes> + Send + Sync>;

/// The gateways, without a socket: whatever host is asked, they answer.
pub(super) struct Gateways {
    router: Router,
    way: Mutex<Way>,
    pub(super) asked: Mutex<Vec<Uri>>,
    wait: Mutex<Duration>,
}

impl Gateways {
    pub(super) fn new(router: Router) -> Arc<Self> {
        Arc::new(Self {
            router,
            way: Mutex::new(Arc::new(|_uri, answer| answer)),
            asked: Mutex::new(Vec::new()),
            wait: Mutex::default(),
        })
    }

    /// How often certificates were asked for, at either gateway.
    pub(super) fn asked_for_certificates(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        let of_certificates = |uri: &&Uri| {
            let alipays = "method=alipay.open.app.alipaycert.download";
            uri.path() == "/v3/certificates" || uri.query().unwrap_or("").contains(alipays)
        };
        asked.iter().filter(of_certificates).count()
    }

    /// Every answer takes as long from now on.
    pub(super) fn let_wait(&self, time: Duration) {
        *self.wait.lock().unwrap() = time;
    }

    /// What happens to answers from now on.
    pub(super) fn let_answers(
        &self,
        way: impl Fn(&Uri, Response<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) {
        *self.way.lock().unwrap() = Arc::new(way);
    }

    /// Where a bill's file was asked for.
    fn downloads(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let files = asked.iter().filter(|uri| is_download(uri));
        files
            .map(|uri| uri.authority().unwrap().to_string())
            .collect()
    }
}

impl Outbound for Gateways {
    fn send(&self, request: Request<Bytes>) -> Answering<'_> {
        let (parts, body) = request.into_parts();
        let uri = parts.uri.clone();
        self.asked.lock().unwrap().push(uri.clone());
        let request = Request::from_parts(parts, Body::from(body));
        let wait = *self.wait.lock().unwrap();
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            let answer = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = answer.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let way = Arc::clone(&*self.way.lock().unwrap());
            Ok(way(&uri, Response::from_parts(parts, bytes)))
        })
    }
}

fn is_download(uri: &Uri) -> bool {
    matches!(
        uri.path(),
        "/downloadBillFile.resource" | "/v3/billdownload/file"
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a gateway has randomness of its own"
)]
fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).unwrap();
}

pub(super) fn gateways(folder: &Path, clock: &Arc<SetClock>) -> Router {
    gateways_at("http://127.0.0.1:8090", folder, clock)
}

fn gateways_at(origin: &str, folder: &Path, clock: &Arc<SetClock>) -> Router {
    sandbox(origin, folder, clock, Arc::default()).router()
}

/// Gateways that say of themselves, and of their bills, that they are to be found there.
pub(super) fn sandbox(
    origin: &str,
    folder: &Path,
    clock: &Arc<SetClock>,
    shop: Arc<Unreachable>,
) -> Sandbox {
    let told = Arc::clone(clock);
    let outside = Outside {
        clock: Arc::new(move || DateTime::from_timestamp(told.now().as_secs(), 0).unwrap()),
        entropy: Arc::new(random),
        outbound: shop,
        wait: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
    };
    let opened = payfold_sandbox::open(folder, PORTS, &outside.clock, &outside.entropy).unwrap();
    let settings = Settings {
        probe_one_in: 0,
        ..Settings::at(origin)
    };
    let signers = Signers::of(&opened.keys, Library::RSA).unwrap();
    Sandbox::new(opened.keys, signers, opened.service, outside, settings)
}

/// The accounts that the folder's configuration names.
pub(super) fn accounts(folder: &Path) -> Vec<Account> {
    let file = folder.join("payfold.toml");
    let config = Config::read(&file, std::iter::empty(), now()).unwrap();
    config.accounts
}

/// A site whose jobs run beside both gateways, and nobody else.
pub(super) struct AtWork {
    pub(super) site: TestSite,
    pub(super) gateways: Arc<Gateways>,
}

impl AtWork {
    pub(super) async fn beside(folder: &Path) -> Self {
        Self::beside_gateways_at("http://127.0.0.1:8090", folder).await
    }

    async fn beside_gateways_at(origin: &str, folder: &Path) -> Self {
        let clock = SetClock::new();
        let gateways = Gateways::new(gateways_at(origin, folder, &clock));
        let store = Arc::new(SqliteStore::in_memory(Uuid::from_u128(7)).unwrap());
        Self::over(store, folder, gateways, clock).await
    }

    /// A site over that store, beside gateways that are there.
    pub(super) async fn over(
        store: Arc<SqliteStore>,
        folder: &Path,
        gateways: Arc<Gateways>,
        clock: Arc<SetClock>,
    ) -> Self {
        let http = Arc::<Gateways>::clone(&gateways);
        let accounts = accounts(folder);
        let site = TestSite::start_over(Policy::HOLD, accounts, clock, http, store).await;
        site.app.record_identities().await.unwrap();
        site.app.world.tasks.spawn(site.app.clone().run_jobs());
        Self { site, gateways }
    }

    /// The gateway is told something by a buyer or its back office.
    pub(super) async fn told(&self, what: &str, gateway: &str, out_trade_no: &str, minor: i64) {
        let body = json!({ "gateway": gateway, "out_trade_no": out_trade_no, "minor": minor });
        self.sandbox_is_told(what, &body).await;
    }

    pub(super) async fn sandbox_is_told(&self, what: &str, body: &Value) {
        let request = Request::post(format!("/_sandbox/{what}"));
        let request = request.body(Body::from(body.to_string())).unwrap();
        let router = self.gateways.router.clone();
        assert_eq!(router.oneshot(request).await.unwrap().status(), 200);
    }

    /// One payment at each gateway, on the first of January in the morning, Shanghai's.
    async fn two_payments(&self) {
        self.told("pay", "alipay", "pay_a1", 8800).await;
        self.told("pay", "wechatpay", "pay_w1", 700).await;
    }

    /// The accounts and days whose bills were imported.
    async fn imported(&self, count: usize) -> Vec<Value> {
        let told = |event: &Value| json!([event["data"]["account"], event["data"]["date"]]);
        let mut told: Vec<Value> = self
            .site
            .bill_events(count)
            .await
            .iter()
            .map(told)
            .collect();
        told.sort_by_key(Value::to_string);
        told
    }
}

/// When the bill of the first of January can be had: ten o'clock of the second.
fn ten() -> Timestamp {
    now().plus_secs(DAY_SECS + 2 * 3600)
}

impl TestSite {
    /// The events of bills, once there are as many.
    async fn bill_events(&self, count: usize) -> Vec<Value> {
        let mut items = Vec::new();
        for _ in 0..100 {
            let path = "/v1/events?limit=500&type=BillImported,BillDifferenceFound";
            let answer = self.ask(SHOP, "GET", path, Value::Null).await;
            items.clone_from(answer.json["items"].as_array().unwrap());
            if items.len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        items
    }

    async fn move_to(&self, time: Timestamp) {
        self.clock.set(time);
        // The job looks at the clock once a minute.
        tokio::time::sleep(Duration::from_secs(130)).await;
    }
}

fn figures(event: &Value) -> Value {
    let data = &event["data"];
    json!([
        data["account"],
        data["date"],
        data["payments"],
        data["paid_minor"],
        data["foreign"]
    ])
}

#[tokio::test(start_paused = true)]
async fn yesterdays_bills_are_fetched_from_ten_on_and_what_they_alone_have_is_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.two_payments().await;
    let (site, ten) = (&at_work.site, ten());
    site.move_to(ten.plus_secs(-60)).await;
    assert_eq!(site.bill_events(0).await.len(), 0, "before ten");

    site.move_to(ten.plus_secs(60)).await;
    let mut told: Vec<Value> = site.bill_events(2).await.iter().map(figures).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(
        told,
        [
            json!(["ali", "2026-01-01", 1, 8800, 0]),
            json!(["wx", "2026-01-01", 1, 700, 0]),
        ]
    );
    let path = "/v1/events?limit=500&type=UnmatchedPaymentReceived";
    let taken_in = site.ask(SHOP, "GET", path, Value::Null).await;
    assert_eq!(taken_in.json["items"].as_array().unwrap().len(), 2);

    // Nothing happens on the second; that is so once the third is over.
    site.move_to(ten.plus_secs(DAY_SECS + 60)).await;
    assert_eq!(site.bill_events(2).await.len(), 2, "not yet for sure");
    site.move_to(now().plus_secs(3 * DAY_SECS - 7 * 3600)).await;
    let told = site.bill_events(4).await;
    assert_eq!(told.len(), 4);
    let rows: Vec<_> = told.iter().skip(2).map(figures).collect();
    assert!(
        rows.iter().all(|row| row[1] == "2026-01-02" && row[2] == 0),
        "{rows:?}"
    );
    site.move_to(now().plus_secs(3 * DAY_SECS - 6 * 3600)).await;
    assert_eq!(site.bill_events(0).await.len(), 4, "each once");
    let asked = at_work.gateways.asked.lock().unwrap().clone();
    let days = asked.iter().filter_map(|uri| {
        let (_, rest) = uri.query()?.split_once("bill_date=")?;
        rest.split('&').next()
    });
    let days: BTreeSet<&str> = days.collect();
    let since = ["2026-01-01", "2026-01-02"];
    assert_eq!(days, since.into(), "none of before there was the account");
}

#[tokio::test(start_paused = true)]
async fn refunds_that_only_the_bills_have_are_taken_in_on_the_day_that_they_were_made() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.two_payments().await;
    at_work.told("refund", "alipay", "pay_a1", 3000).await;
    at_work.told("refund", "wechatpay", "pay_w1", 200).await;
    at_work.site.move_to(ten().plus_secs(60)).await;
    assert_eq!(at_work.imported(2).await.len(), 2);
    let back = |event: &Value| {
        let data = &event["data"];
        json!([data["account"], data["refunds"], data["refunded_minor"]])
    };
    let mut told: Vec<Value> = at_work.site.bill_events(2).await.iter().map(back).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(told, [json!(["ali", 1, 3000]), json!(["wx", 1, 200])]);

    // The gateways' times, not that of asking: else the next day would miss them.
    at_work.site.move_to(now().plus_secs(3 * DAY_SECS)).await;
    assert_eq!(at_work.imported(4).await.len(), 4, "no difference");
    let report = "/v1/reports/daily?from=2026-01-01&to=2026-01-04";
    let report = at_work.site.ask(SHOP, "GET", report, Value::Null).await;
    let rows = report.json["items"].as_array().unwrap();
    let refunded = |row: &&Value| row["refunded_minor"] != 0;
    let told = |row: &Value| json!([row["date"], row["account"], row["refunded_minor"]]);
    let told: Vec<Value> = rows.iter().filter(refunded).map(told).collect();
    let first = "2026-01-01";
    assert_eq!(
        told,
        [json!([first, "ali", 3000]), json!([first, "wx", 200])]
    );
}

#[tokio::test(start_paused = true)]
async fn a_bill_is_fetched_from_the_gateways_own_hosts_alone() {
    let folder = tempfile::tempdir().unwrap();
    let whose: [(&str, &[&str]); 8] = [
        ("http://127.0.0.1:8090", &["ali", "wx"]),
        ("https://dwbillcenter.alipay.com", &["ali"]),
        ("https://api.mch.weixin.qq.com", &["wx"]),
        ("http://dwbillcenter.alipay.com", &[]),
        ("https://dwbillcenter.alipay.com:8443", &[]),
        ("https://dwbillcenter.alipay.com.example", &[]),
        ("https://dwbillcenter.alipay.com@bills.example", &[]),
        ("http://127.0.0.1:8091", &[]),
    ];
    for (origin, accounts) in whose {
        let at_work = AtWork::beside_gateways_at(origin, folder.path()).await;
        at_work.two_payments().await;
        at_work.site.move_to(ten().plus_secs(60)).await;
        let bills = accounts
            .iter()
            .map(|account| json!([account, "2026-01-01"]));
        assert_eq!(
            at_work.imported(accounts.len()).await,
            bills.collect::<Vec<_>>(),
            "{origin}"
        );
        let downloads = at_work.gateways.downloads();
        assert_eq!(downloads.len(), accounts.len(), "{origin}: {downloads:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bill_that_is_said_to_lie_elsewhere_now_is_not_followed_there() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.two_payments().await;
    at_work.gateways.let_answers(|uri, mut answer| {
        if is_download(uri) {
            // Whatever comes along with it.
            *answer.status_mut() = StatusCode::FOUND;
            let elsewhere = HeaderValue::from_static("http://127.0.0.1:8090/elsewhere");
            answer.headers_mut().insert(header::LOCATION, elsewhere);
        }
        answer
    });
    at_work.site.move_to(ten().plus_secs(60)).await;
    assert_eq!(at_work.imported(0).await.len(), 0);
    assert_eq!(at_work.gateways.downloads().len(), 2);
    let asked = at_work.gateways.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|uri| uri.path() != "/elsewhere"));

    at_work.gateways.let_answers(|_uri, answer| answer);
    at_work.site.move_to(ten().plus_secs(3_000)).await;
    assert_eq!(at_work.imported(0).await.len(), 0, "not within the hour");
    at_work.site.move_to(ten().plus_secs(3_900)).await;
    assert_eq!(at_work.imported(2).await.len(), 2);
}

/// WeChat Pay's bill of the first of January with no row, whose hash nobody stated.
const ANOTHER_BILL: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00\n";

#[tokio::test(start_paused = true)]
async fn a_bill_that_has_not_the_hash_that_was_stated_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at_work = AtWork::beside(folder.path()).await;
    at_work.told("pay", "wechatpay", "pay_w1", 700).await;
    at_work.gateways.let_answers(|uri, answer| {
        if is_download(uri) {
            return Response::new(Bytes::from_static(ANOTHER_BILL.as_bytes()));
        }
        answer
    });
    at_work.site.move_to(ten().plus_secs(60)).await;
    assert_eq!(at_work.gateways.downloads().len(), 1);
    assert_eq!(at_work.imported(0).await.len(), 0);

    // Nothing else is wrong with it.
    let asked = AskedBill::Fetched {
        day: Day::parse("2026-01-01").unwrap(),
        sha1: None,
    };
    let (progress, _lines) = Progress::channel();
    let bill = Cursor::new(ANOTHER_BILL.as_bytes());
    let app = &at_work.site.app;
    let account = AccountName::new("wx").unwrap();
    app.import_bill(&account, bill, asked, Mode::Apply, &progress)
        .await
        .unwrap();
    assert_eq!(at_work.imported(1).await, [json!(["wx", "2026-01-01"])]);
}

#[tokio::test(start_paused = true)]
async fn what_another_application_of_the_merchant_was_paid_is_foreign_whatever_alipay_answers() {
    let folder = tempfile::tempdir().unwrap();
    drop(gateways(folder.path(), &SetClock::new()));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let alipay: Value = serde_json::from_str(&read("alipay/account.json")).unwrap();
    let other = format!(
        "[accounts.ali2]\ngateway = \"alipay\"\napp_id = \"2021000000000002\"\nseller_id = {}\ngateway_url = {}\nalipay_public_key_file = \"alipay/alipay_public_key.pem\"\n",
        alipay["seller_id"], alipay["gateway_url"]
    );
    let both = read("payfold.toml") + &other;
    std::fs::write(folder.path().join("payfold.toml"), both).unwrap();

    let at_work = AtWork::beside(folder.path()).await;
    let site = &at_work.site;
    site.place("O-1").await;
    let path = "/v1/orders/O-1/payments/ali2/pay_a1";
    let external = json!({ "method": "external" });
    assert_eq!(site.ask(SHOP, "PUT", path, external).await.status, 201);
    // The gateway that answers tells of it as of any payment of the merchant.
    at_work.told("pay", "alipay", "pay_a1", 8800).await;
    at_work.told("refund", "alipay", "pay_a1", 800).await;
    site.move_to(ten().plus_secs(60)).await;
    let told: Vec<Value> = site.bill_events(1).await.iter().map(figures).collect();
    assert_eq!(told, [json!(["ali", "2026-01-01", 0, 0, 2])]);
    let path = "/v1/exceptions?status=open";
    let open = site.ask(SHOP, "GET", path, Value::Null).await;
    assert_eq!(open.json["items"], json!([]));
}
