//! Orders: what a merchant wants paid, by a page, in an app, by a code to scan, or in a trade that is
//! made at once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::form::Pairs;
use super::request::{Amount, Denied, Request};
use crate::beijing;
use crate::books::{AlipayTerms, Books, Gateway, Particulars, Standing, Terms, Trade, Visit};
use crate::draw;
use crate::sandbox::Sandbox;

/// How long a code can be scanned, and its payment made, where the merchant names no end.
const CODE_LIFE: TimeDelta = TimeDelta::hours(2);

/// What a payment asks for (统一收单下单).
#[derive(Deserialize)]
struct Order {
    out_trade_no: String,
    total_amount: Amount,
    subject: String,
    body: Option<String>,
    product_code: Option<String>,
    time_expire: Option<String>,
    timeout_express: Option<String>,
    passback_params: Option<String>,
    buyer_id: Option<String>,
    buyer_open_id: Option<String>,
    op_buyer_open_id: Option<String>,
    seller_id: Option<String>,
}

/// A payment of a page, of the web or of an app: lets a buyer see what is to be paid, and says under
/// which number. Nothing is in the books before the buyer acts.
pub(super) fn open(sandbox: &Sandbox, request: &Request) -> Result<String, Denied> {
    let (number, visit) = wanted(sandbox, request)?;
    let mut state = sandbox.state();
    agrees(&state.books, &number, &visit, sandbox.now())?;
    state.books.visit(&number, visit);
    Ok(number)
}

/// `alipay.trade.precreate`: a code to scan. It is no trade before the buyer scans it; asked again,
/// there is another code for the same payment, and both can be scanned.
pub(super) fn precreate(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let (number, mut visit) = wanted(sandbox, request)?;
    let now = sandbox.now();
    let until = visit.terms.expires.unwrap_or(now + CODE_LIFE);
    visit.terms.expires = Some(until);
    let code = format!("bax{}", draw::alphanumeric(&sandbox.outside().entropy, 21));
    let mut state = sandbox.state();
    agrees(&state.books, &number, &visit, now)?;
    let until = until.min(now + CODE_LIFE);
    state.books.issue_visit_code(code.clone(), &number, until);
    state.books.visit(&number, visit);
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "out_trade_no": number,
        "qr_code": format!("{}/alipay/qr/{code}", sandbox.settings().origin),
    }))
}

/// `alipay.trade.create`: a trade, at once, which the front end opens by its `trade_no`.
pub(super) fn create(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let (number, visit) = wanted(sandbox, request)?;
    if visit.terms.buyer().is_none() {
        return Err(Denied::parameter("buyer_id与buyer_open_id不能同时为空"));
    }
    let now = sandbox.now();
    let mut state = sandbox.state();
    agrees(&state.books, &number, &visit, now)?;
    let found = state.books.find(Gateway::Alipay, &number);
    let trade_no = match found.map(|(_, trade)| trade.transaction_id.clone()) {
        Some(trade_no) => trade_no,
        None => {
            let trade = sandbox.new_trade(Gateway::Alipay, number.clone(), visit, now);
            let trade_no = trade.transaction_id.clone();
            state.books.enter(trade);
            trade_no
        }
    };
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "out_trade_no": number,
        "trade_no": trade_no,
    }))
}

impl Sandbox {
    /// Opens what an app hands to Alipay's SDK, and says under which number it can be paid.
    pub(crate) fn open_order_string(&self, order: &str) -> Result<String, Denied> {
        let request = Request::verified(self, Pairs::read(order.as_bytes()))?;
        open(self, &request)
    }
}

/// Holds an order against the trade that its number has already.
fn agrees(books: &Books, number: &str, visit: &Visit, now: DateTime<Utc>) -> Result<(), Denied> {
    let Some((_, trade)) = books.find(Gateway::Alipay, number) else {
        return Ok(());
    };
    let Trade {
        standing,
        minor,
        terms,
        ..
    } = trade.as_of(now);
    match standing {
        Standing::Paid(_) => Err(Denied::business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")),
        Standing::Closed(_) => Err(Denied::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
        Standing::Waiting if minor != visit.minor || terms.subject != visit.terms.subject => Err(
            Denied::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
        ),
        Standing::Waiting => Ok(()),
    }
}

/// The order in a request, under which number, held against its grammar.
fn wanted(sandbox: &Sandbox, request: &Request) -> Result<(String, Visit), Denied> {
    let now = sandbox.now();
    let order: Order = request.content()?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let number = order.out_trade_no.clone();
    if number.len() > 64 || !number.bytes().all(letter) {
        return Err(Denied::parameter("out_trade_no"));
    }
    let minor = order.total_amount.payable()?;
    if order.subject.chars().count() > 256 {
        return Err(Denied::parameter("subject"));
    }
    if order
        .product_code
        .as_deref()
        .is_some_and(|code| !product_codes(&request.method).contains(&code))
    {
        return Err(Denied::parameter("product_code"));
    }
    if order
        .seller_id
        .as_ref()
        .is_some_and(|seller| *seller != sandbox.keys().alipay.seller_id)
    {
        return Err(Denied::business("ACQ.PARTNER_ERROR", "商户协议不存在"));
    }
    let expires = expiry(
        order.time_expire.as_deref(),
        order.timeout_express.as_deref(),
        now,
    )
    .map_err(Denied::parameter)?;
    if expires.is_some_and(|at| at <= now) {
        return Err(Denied::business(
            "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
            "订单已超时",
        ));
    }
    Ok((
        number,
        Visit {
            minor,
            terms: terms(request, order, expires),
        },
    ))
}

fn terms(request: &Request, order: Order, expires: Option<DateTime<Utc>>) -> Terms {
    let in_browser = matches!(
        request.method.as_str(),
        "alipay.trade.page.pay" | "alipay.trade.wap.pay"
    );
    Terms {
        app_id: request.common("app_id").unwrap_or_default(),
        subject: order.subject,
        notify_url: request.common("notify_url"),
        expires,
        particulars: Particulars::Alipay(AlipayTerms {
            method: request.method.clone(),
            charset: request
                .common("charset")
                .unwrap_or_else(|| "utf-8".to_owned()),
            return_url: request.common("return_url").filter(|_| in_browser),
            body: order.body,
            passback_params: order.passback_params,
            buyer: order
                .buyer_id
                .or(order.buyer_open_id)
                .or(order.op_buyer_open_id),
        }),
    }
}

fn product_codes(method: &str) -> &'static [&'static str] {
    match method {
        "alipay.trade.page.pay" => &["FAST_INSTANT_TRADE_PAY"],
        "alipay.trade.wap.pay" => &["QUICK_WAP_WAY", "QUICK_WAP_PAY"],
        "alipay.trade.precreate" => &["QR_CODE_OFFLINE", "FACE_TO_FACE_PAYMENT"],
        "alipay.trade.create" => &["JSAPI_PAY", "FACE_TO_FACE_PAYMENT"],
        _ => &["QUICK_MSECURITY_PAY"],
    }
}

/// When a payment ends: at `time_expire`, or after `timeout_express` (`90m`, `2h`, `15d`; `1c` ends
/// with the day).
fn expiry(
    at: Option<&str>,
    after: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, &'static str> {
    if let Some(at) = at {
        return beijing::from_plain(at).map(Some).ok_or("time_expire");
    }
    let Some(after) = after else { return Ok(None) };
    if after == "1c" {
        let midnight = format!("{} 23:59:59", beijing::date(now));
        return Ok(beijing::from_plain(&midnight));
    }
    let (count, unit) = after
        .split_at_checked(after.len().saturating_sub(1))
        .ok_or("timeout_express")?;
    let count: u32 = count.parse().map_err(|_not_digits| "timeout_express")?;
    let minutes = match unit {
        "m" => count,
        "h" => count.saturating_mul(60),
        "d" => count.saturating_mul(1_440),
        _ => return Err("timeout_express"),
    };
    if !(1..=15 * 1_440).contains(&minutes) {
        return Err("timeout_express");
    }
    Ok(Some(now + TimeDelta::minutes(i64::from(minutes))))
}
