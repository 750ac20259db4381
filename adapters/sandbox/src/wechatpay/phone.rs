//! The page that stands for a buyer's phone: it shows the code, and pays it.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::books::{Gateway, Standing, Trade};
use crate::money::yuan;
use crate::notify::Via;
use crate::page::{page, qr_code};
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment, Refused};

#[derive(Deserialize)]
pub(super) struct Scanned {
    pr: String,
    /// Where the shop shows the order.
    back: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Act {
    pr: String,
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
    pr: &'a str,
    back: Option<&'a str>,
    subject: &'a str,
    amount: String,
    out_trade_no: &'a str,
    mch_id: &'a str,
    qr: String,
    shown: Shown<'a>,
}

pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    Query(scanned): Query<Scanned>,
) -> Response {
    let found = sandbox
        .state()
        .books
        .scan(&scanned.pr)
        .map(|(_, trade)| trade.clone());
    let back = shops_own(&sandbox, scanned.back);
    match &found {
        None => drawn(
            &sandbox,
            &scanned.pr,
            back,
            None,
            Shown::Gone("二维码已失效"),
        ),
        Some(trade) => {
            let shown = match trade.standing {
                Standing::Waiting => Shown::Waiting,
                Standing::Paid(_) => Shown::Paid,
                Standing::Closed(_) => Shown::Gone("订单已关闭"),
            };
            drawn(&sandbox, &scanned.pr, back, Some(trade), shown)
        }
    }
}

pub(super) async fn act(State(sandbox): State<Sandbox>, Form(act): Form<Act>) -> Response {
    let found = sandbox
        .state()
        .books
        .scan(&act.pr)
        .map(|(_, trade)| trade.clone());
    let back = shops_own(&sandbox, act.back);
    let Some(trade) = found else {
        return drawn(&sandbox, &act.pr, back, None, Shown::Gone("二维码已失效"));
    };
    match act.act {
        Choice::Leave => drawn(&sandbox, &act.pr, back, Some(&trade), Shown::Left),
        Choice::Pay => outcome(
            &sandbox,
            &act.pr,
            back,
            &trade,
            pay(&sandbox, &trade, Payable::Waiting),
        ),
        Choice::Twice => {
            let paid = pay(&sandbox, &trade, Payable::Waiting)
                .and_then(|_first| pay(&sandbox, &trade, Payable::Second));
            outcome(&sandbox, &act.pr, back, &trade, paid)
        }
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

fn outcome(
    sandbox: &Sandbox,
    pr: &str,
    back: Option<String>,
    trade: &Trade,
    paid: Result<Trade, Refused>,
) -> Response {
    match paid {
        Ok(paid) => drawn(sandbox, pr, back, Some(&paid), Shown::Paid),
        Err(refused) => drawn(
            sandbox,
            pr,
            back,
            Some(trade),
            Shown::Gone(&refused.to_string()),
        ),
    }
}

fn drawn(
    sandbox: &Sandbox,
    pr: &str,
    back: Option<String>,
    trade: Option<&Trade>,
    shown: Shown<'_>,
) -> Response {
    page(&PhonePage {
        pr,
        back: back.as_deref(),
        subject: trade.map_or("", |trade| &trade.terms.subject),
        amount: trade.map_or_else(String::new, |trade| yuan(trade.minor)),
        out_trade_no: trade.map_or("", |trade| &trade.out_trade_no),
        mch_id: &sandbox.keys().wechatpay.mch_id,
        qr: qr_code(&format!("weixin://wxpay/bizpayurl?pr={pr}")),
        shown,
    })
}

/// A way back that leads nowhere else than to the demo shop.
fn shops_own(sandbox: &Sandbox, back: Option<String>) -> Option<String> {
    let shop = format!("{}/shop/", sandbox.settings().origin);
    back.filter(|back| back.starts_with(&shop) || back.starts_with("/shop/"))
}
