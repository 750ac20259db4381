//! Alipay's cashier, on which a person pays, walks away, or pays twice.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use encoding_rs::GBK;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::request::Denied;
use crate::books::{Behind, Gateway, Particulars, Standing, Terms, Trade};
use crate::faults::FaultKind;
use crate::money::yuan;
use crate::notify::{Via, signed_return};
use crate::page::page;
use crate::problem::Problem;
use crate::sandbox::Sandbox;
use crate::till::{Payable, Payment};

/// Where the cashier shows a payment.
pub(super) fn address(out_trade_no: &str) -> String {
    format!(
        "/alipay/cashier?out_trade_no={}",
        utf8_percent_encode(out_trade_no, NON_ALPHANUMERIC)
    )
}

/// By which number a buyer comes.
#[derive(Deserialize)]
pub(super) struct Asked {
    out_trade_no: Option<String>,
    /// What `my.tradePay` opens.
    trade_no: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Act {
    out_trade_no: String,
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

#[derive(Template)]
#[template(path = "cashier.html")]
struct CashierPage<'a> {
    out_trade_no: &'a str,
    subject: &'a str,
    amount: String,
    app_id: &'a str,
}

#[derive(Template)]
#[template(path = "cashier_end.html")]
struct EndPage<'a> {
    title: &'a str,
    text: &'a str,
    good: bool,
    back: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "cashier_denied.html")]
struct DeniedPage<'a> {
    code: &'a str,
    text: &'a str,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Query(asked): Query<Asked>) -> Response {
    let by_trade_no = asked.trade_no.and_then(|trade_no| {
        let state = sandbox.state();
        let found = state.books.find_transaction(Gateway::Alipay, &trade_no);
        found.map(|(_, trade)| trade.out_trade_no.clone())
    });
    drawn(
        &sandbox,
        &by_trade_no.or(asked.out_trade_no).unwrap_or_default(),
    )
}

/// A code is scanned: its payment becomes a trade, and the buyer sees the cashier.
pub(super) async fn scan(State(sandbox): State<Sandbox>, Path(code): Path<String>) -> Response {
    let now = sandbox.now();
    let behind = sandbox.state().books.scan(&code, now).cloned();
    match behind {
        Some(Behind::Visit(number)) => match sandbox.begin(Gateway::Alipay, &number) {
            Ok(_) => Redirect::to(&address(&number)).into_response(),
            Err(refused) => ended("无法支付", &refused.to_string(), None),
        },
        Some(Behind::Trade(_)) | None => ended(
            "二维码已失效",
            "This code is unknown, or its time is over.",
            None,
        ),
    }
}

fn drawn(sandbox: &Sandbox, out_trade_no: &str) -> Response {
    let now = sandbox.now();
    let state = sandbox.state();
    let trade = state.books.find(Gateway::Alipay, out_trade_no);
    let trade = trade.map(|(_, trade)| trade.as_of(now));
    let visit = match &trade {
        Some(trade) => match trade.standing {
            Standing::Waiting => Some((trade.minor, &trade.terms)),
            Standing::Paid(_) => return paid(trade, trade.terms.return_url()),
            Standing::Closed(_) => {
                return ended(
                    "交易已关闭",
                    "This payment was closed and can no longer be paid.",
                    None,
                );
            }
        },
        None => {
            let visit = state.books.visited(out_trade_no);
            visit.map(|visit| (visit.minor, &visit.terms))
        }
    };
    let Some((minor, terms)) = visit else {
        return ended(
            "没有这笔交易",
            "Nobody asked for a payment of this number.",
            None,
        );
    };
    page(&CashierPage {
        out_trade_no,
        subject: &terms.subject,
        amount: yuan(minor),
        app_id: &terms.app_id,
    })
}

pub(super) async fn act(State(sandbox): State<Sandbox>, Form(act): Form<Act>) -> Response {
    let payment = |of| Payment {
        gateway: Gateway::Alipay,
        out_trade_no: &act.out_trade_no,
        minor: None,
        via: Via::default(),
        of,
    };
    let outcome = match act.act {
        Choice::Leave => {
            // Who logged in and left has made a trade that waits.
            if let Err(refused) = sandbox.begin(Gateway::Alipay, &act.out_trade_no) {
                return ended("无法支付", &refused.to_string(), None);
            }
            let back = address(&act.out_trade_no);
            let text = "You left without paying. Nothing was told to the shop.";
            return ended("您已离开收银台", text, Some(&back));
        }
        Choice::Pay => sandbox.pay(&payment(Payable::Waiting)),
        Choice::Twice => sandbox
            .pay(&payment(Payable::Waiting))
            .and_then(|first| sandbox.pay(&payment(Payable::Second)).map(|_second| first)),
    };
    match outcome {
        Ok(trade) => returned(&sandbox, &trade),
        Err(refused) => ended("支付失败", &refused.to_string(), None),
    }
}

/// Sends the buyer back to the shop, unless the page was closed first.
fn returned(sandbox: &Sandbox, trade: &Trade) -> Response {
    let now = sandbox.now();
    let closed = sandbox
        .state()
        .faults
        .strike(FaultKind::ClosePage, &trade.out_trade_no, now)
        .is_some();
    if closed {
        return paid(trade, None);
    }
    let Some(return_url) = trade.terms.return_url() else {
        return paid(trade, None);
    };
    match signed_return(sandbox, trade) {
        Ok(query) => {
            let joint = if return_url.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{return_url}{joint}{query}")).into_response()
        }
        Err(error) => Problem::internal(error).into_response(),
    }
}

fn paid(trade: &Trade, back: Option<String>) -> Response {
    let text = format!("¥{} paid for {}.", yuan(trade.minor), trade.terms.subject);
    page(&EndPage {
        title: "支付成功",
        text: &text,
        good: true,
        back: back.as_deref(),
    })
}

fn ended(title: &str, text: &str, back: Option<&str>) -> Response {
    page(&EndPage {
        title,
        text,
        good: false,
        back,
    })
}

/// The gateway's own error page, which is in GBK.
pub(super) fn denied(denied: &Denied) -> Response {
    let template = DeniedPage {
        code: denied.sub_code,
        text: &denied.sub_msg,
    };
    match template.render() {
        Ok(html) => {
            let (bytes, _, _) = GBK.encode(&html);
            let media_type = [(header::CONTENT_TYPE, "text/html;charset=GBK")];
            (media_type, bytes.into_owned()).into_response()
        }
        Err(error) => Problem::internal(error).into_response(),
    }
}

impl Terms {
    fn return_url(&self) -> Option<String> {
        match &self.particulars {
            Particulars::Alipay(terms) => terms.return_url.clone(),
            Particulars::WechatPay(_) => None,
        }
    }
}
