//! The page that stands for a buyer's phone: it shows what a code, a front end or an h5 address
//! opens, and pays it.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::invoke::Parameters;
use crate::books::{Behind, Gateway, Standing, Trade, TradeType};
use crate::faults::FaultKind;
use crate::money::yuan;
use crate::notify::Via;
use crate::page::{page, qr_code};
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment, Refused};

/// A scanned code.
#[derive(Deserialize)]
pub(super) struct Scanned {
    pr: String,
    /// Where the shop shows the order.
    back: Option<String>,
}

/// An h5 address, opened in a browser.
#[derive(Deserialize)]
pub(super) struct Opened {
    prepay_id: String,
    redirect_url: Option<String>,
}

/// What the buyer presses.
#[derive(Deserialize)]
pub(super) struct Act {
    code: String,
    back: Option<String>,
    act: Choice,
}

/// What the buyer does.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Pay,
    Twice,
    Leave,
}

/// What the phone shows.
enum Shown<'a> {
    Waiting,
    Paid,
    Left,
    Gone(&'a str),
}

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage<'a> {
    code: &'a str,
    back: Option<&'a str>,
    subject: &'a str,
    amount: String,
    out_trade_no: &'a str,
    mch_id: &'a str,
    /// The code as a picture; nothing where it is not for scanning.
    qr: Option<String>,
    /// How the buyer came here.
    way: &'static str,
    shown: Shown<'a>,
}

/// One look at the phone.
struct Look<'a> {
    code: &'a str,
    back: Option<String>,
    trade: Option<Trade>,
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    Query(scanned): Query<Scanned>,
) -> Response {
    let back = shops_own(&sandbox, scanned.back);
    Look::at(&sandbox, &scanned.pr, back).as_it_stands(&sandbox)
}

/// A front end opens its payment in the WeChat app.
pub(super) async fn invoked(
    State(sandbox): State<Sandbox>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match parameters.prepay_id(&sandbox) {
        Ok(prepay_id) => Look::at(&sandbox, &prepay_id, None).as_it_stands(&sandbox),
        Err(refused) => Look {
            code: "",
            back: None,
            trade: None,
        }
        .drawn(&sandbox, Shown::Gone(&refused.to_string())),
    }
}

/// A browser opens an h5 address.
pub(super) async fn opened(
    State(sandbox): State<Sandbox>,
    Query(opened): Query<Opened>,
) -> Response {
    let back = opened.redirect_url.filter(|url| is_web(url));
    Look::at(&sandbox, &opened.prepay_id, back).as_it_stands(&sandbox)
}

pub(super) async fn act(State(sandbox): State<Sandbox>, Form(act): Form<Act>) -> Response {
    let look = Look::at(&sandbox, &act.code, None);
    let Some(trade) = look.trade.clone() else {
        return look.as_it_stands(&sandbox);
    };
    let h5 = is_h5(&trade);
    let back = if h5 {
        act.back.filter(|url| is_web(url))
    } else {
        shops_own(&sandbox, act.back)
    };
    let paid = match act.act {
        Choice::Leave => {
            let look = Look { back, ..look };
            return look.returned(&sandbox, Shown::Left);
        }
        Choice::Pay => pay(&sandbox, &trade, Payable::Waiting),
        Choice::Twice => pay(&sandbox, &trade, Payable::Waiting)
            .and_then(|first| pay(&sandbox, &trade, Payable::Second).map(|_second| first)),
    };
    match paid {
        Ok(paid) => Look {
            back: back.filter(|_| !closes_page(&sandbox, &paid)),
            trade: Some(paid),
            ..look
        }
        .returned(&sandbox, Shown::Paid),
        Err(refused) => Look { back, ..look }.drawn(&sandbox, Shown::Gone(&refused.to_string())),
    }
}

fn pay(sandbox: &Sandbox, trade: &Trade, of: Payable) -> Result<Trade, Refused> {
    sandbox.pay(&Payment {
        gateway: Gateway::WechatPay,
        out_trade_no: &trade.out_trade_no,
        minor: None,
        via: Via::V3,
        of,
    })
}

/// Whether the buyer closes the page after paying.
fn closes_page(sandbox: &Sandbox, trade: &Trade) -> bool {
    let now = sandbox.now();
    let mut state = sandbox.state();
    let struck = state
        .faults
        .strike(FaultKind::ClosePage, &trade.out_trade_no, now);
    struck.is_some()
}

impl<'a> Look<'a> {
    fn at(sandbox: &Sandbox, code: &'a str, back: Option<String>) -> Self {
        let now = sandbox.now();
        let state = sandbox.state();
        let trade = match state.books.scan(code, now) {
            Some(Behind::Trade(id)) => state.books.trade(*id).map(|trade| trade.as_of(now)),
            Some(Behind::Visit(_)) | None => None,
        };
        Self { code, back, trade }
    }

    fn as_it_stands(&self, sandbox: &Sandbox) -> Response {
        let shown = match self.trade.as_ref().map(|trade| trade.standing) {
            None => Shown::Gone("支付链接已失效 This code is unknown, or its time is over."),
            Some(Standing::Waiting) => Shown::Waiting,
            Some(Standing::Paid(_)) => Shown::Paid,
            Some(Standing::Closed(_)) => Shown::Gone("订单已关闭 This order was closed."),
        };
        self.drawn(sandbox, shown)
    }

    /// Sends an h5 buyer back to the shop's page, paid or not; any other sees how it ended.
    fn returned(&self, sandbox: &Sandbox, shown: Shown<'_>) -> Response {
        match (&self.trade, &self.back) {
            (Some(trade), Some(back)) if is_h5(trade) => Redirect::to(back).into_response(),
            _ => self.drawn(sandbox, shown),
        }
    }

    fn drawn(&self, sandbox: &Sandbox, shown: Shown<'_>) -> Response {
        let trade = self.trade.as_ref();
        let trade_type = trade
            .and_then(Trade::wechatpay_terms)
            .map(|terms| terms.trade_type);
        let qr = (trade_type == Some(TradeType::Native))
            .then(|| qr_code(&format!("weixin://wxpay/bizpayurl?pr={}", self.code)));
        page(&PhonePage {
            code: self.code,
            back: self.back.as_deref(),
            subject: trade.map_or("", |trade| &trade.terms.subject),
            amount: trade.map_or_else(String::new, |trade| yuan(trade.minor)),
            out_trade_no: trade.map_or("", |trade| &trade.out_trade_no),
            mch_id: &sandbox.keys().wechatpay.mch_id,
            qr,
            way: trade_type.map_or("微信支付", way),
            shown,
        })
    }
}

fn way(trade_type: TradeType) -> &'static str {
    match trade_type {
        TradeType::Native => "扫码支付 by a scanned code",
        TradeType::Jsapi => "公众号或小程序支付 from a page or a mini program in WeChat",
        TradeType::App => "APP支付 from an app",
        TradeType::H5 => "H5支付 from a page in another browser",
    }
}

fn is_h5(trade: &Trade) -> bool {
    trade
        .wechatpay_terms()
        .is_some_and(|terms| terms.trade_type == TradeType::H5)
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// A way back that leads nowhere else than to the demo shop.
fn shops_own(sandbox: &Sandbox, back: Option<String>) -> Option<String> {
    let shop = format!("{}/shop/", sandbox.settings().origin);
    back.filter(|back| back.starts_with(&shop) || back.starts_with("/shop/"))
}
