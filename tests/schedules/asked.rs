//! What the gateways were asked for: nothing that was not stored before, each refund under the one number
//! of its wish and for its amount, and those of one payment as far apart as the gateway wants them. What
//! an order still wants to be paid by is not closed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::Uri;
use payfold_domain::event::{Event, OrderEvent};
use payfold_domain::order::{CancelWish, OrderStatus};
use payfold_domain::{Money, Timestamp};
use serde_json::Value;

use crate::aftermath::{Aftermath, Found, Happened};

/// How long it takes at most, where all is quick, until who has the turn asks.
const MOMENT_MICROS: i64 = 500_000;

/// A process of a node.
type ProcessId = (usize, u64);

/// What the nodes asked the gateways for.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Vec<Wish>>);

/// Something that a gateway is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    at: Timestamp,
    by: ProcessId,
    account: &'static str,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// To take a payment of that number.
    Start { out_trade_no: String },
    /// To take it no more.
    Close { out_trade_no: String },
    /// To give money back.
    Refund {
        /// The payment, as the gateway is told of it.
        payment: String,
        refund_no: String,
        /// With two decimals.
        yuan: String,
    },
}

impl Calls {
    /// Keeps what a request asks a gateway to do.
    pub(crate) fn keep(&self, at: Timestamp, by: ProcessId, uri: &Uri, body: &Bytes) {
        let asked = match uri.path() {
            "/gateway.do" => alipay(uri, body).map(|what| ("ali", what)),
            path => wechatpay(path, body).map(|what| ("wx", what)),
        };
        if let Some((account, what)) = asked {
            let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(Wish {
                at,
                by,
                account,
                what,
            });
        }
    }

    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

fn alipay(uri: &Uri, body: &Bytes) -> Option<What> {
    let (query, form) = (uri.query()?, std::str::from_utf8(body).ok()?);
    let form = reqwest::Url::parse(&format!("form:?{query}&{form}")).ok()?;
    let fields: BTreeMap<_, _> = form.query_pairs().into_owned().collect();
    let content: Value = serde_json::from_str(fields.get("biz_content")?).ok()?;
    let out_trade_no = text(&content, "out_trade_no");
    match fields.get("method")?.as_str() {
        "alipay.trade.precreate" | "alipay.trade.create" => Some(What::Start {
            out_trade_no: out_trade_no?,
        }),
        "alipay.trade.close" => Some(What::Close {
            out_trade_no: out_trade_no?,
        }),
        "alipay.trade.refund" => Some(What::Refund {
            payment: text(&content, "trade_no").or(out_trade_no)?,
            refund_no: text(&content, "out_request_no")?,
            yuan: yuan_of(&content["refund_amount"]),
        }),
        _ => None,
    }
}

fn wechatpay(path: &str, body: &Bytes) -> Option<What> {
    let content = || serde_json::from_slice::<Value>(body).ok();
    let number = path.strip_prefix("/v3/pay/transactions/out-trade-no/");
    if let Some(out_trade_no) = number.and_then(|rest| rest.strip_suffix("/close")) {
        let out_trade_no = out_trade_no.to_owned();
        return Some(What::Close { out_trade_no });
    }
    match path {
        "/v3/refund/domestic/refunds" => {
            let content = content()?;
            let payment = text(&content, "transaction_id");
            Some(What::Refund {
                payment: payment.or_else(|| text(&content, "out_trade_no"))?,
                refund_no: text(&content, "out_refund_no")?,
                yuan: Money::cny(content["amount"]["refund"].as_i64()?).to_yuan(),
            })
        }
        "/v3/pay/transactions/native"
        | "/v3/pay/transactions/jsapi"
        | "/v3/pay/transactions/h5"
        | "/v3/pay/transactions/app" => Some(What::Start {
            out_trade_no: text(&content()?, "out_trade_no")?,
        }),
        _ => None,
    }
}

fn text(content: &Value, name: &str) -> Option<String> {
    content[name].as_str().map(str::to_owned)
}

/// As the request has them, in a string or as a number.
fn yuan_of(amount: &Value) -> String {
    let text = amount.as_str().map(str::to_owned);
    text.unwrap_or_else(|| amount.to_string())
}

pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    for wish in &aftermath.record.wishes {
        let wanted = match &wish.what {
            What::Close { out_trade_no } => may_be_closed(aftermath, wish, out_trade_no),
            What::Start { .. } | What::Refund { .. } => {
                let mut events = aftermath.events.iter();
                events.any(|happened| {
                    happened.append.stored_at <= wish.at && is_stored_as(happened, wish)
                })
            }
        };
        found.unless(
            wanted,
            "a gateway is asked for what is stored before, and for nothing else",
            || format!("{wish:?}"),
        );
    }
    if aftermath.record.schedule.setting.is_quick() {
        refunds_are_apart(&aftermath.record.wishes, found);
    }
}

fn is_stored_as(happened: &Happened, wish: &Wish) -> bool {
    match (&wish.what, &happened.event, happened.refund_asked()) {
        (What::Start { out_trade_no }, Event::Order(OrderEvent::PaymentStarted(started)), _) => {
            started.payment.account.as_str() == wish.account
                && started.payment.out_trade_no.as_str() == out_trade_no
        }
        (
            What::Refund {
                payment,
                refund_no,
                yuan,
            },
            _,
            Some(asked),
        ) => {
            let names = [
                asked.transaction_id.as_str(),
                asked.payment.out_trade_no.as_str(),
            ];
            asked.payment.account.as_str() == wish.account
                && names.contains(&payment.as_str())
                && asked.refund_no.as_str() == refund_no
                && asked.amount.to_yuan() == *yuan
        }
        _ => false,
    }
}

/// What an open order in its time can be paid by stays, unless it is to be cancelled.
fn may_be_closed(aftermath: &Aftermath<'_>, wish: &Wish, out_trade_no: &str) -> bool {
    let mut stories = aftermath.orders.values();
    stories.any(|story| {
        let mut stood = story.between(wish.at, wish.at).iter();
        stood.any(|step| {
            let order = &step.order;
            let mut payments = order.payments.iter();
            let has_it = payments.any(|known| {
                known.payment.account.as_str() == wish.account
                    && known.payment.out_trade_no.as_str() == out_trade_no
            });
            let wants_none = order.status != OrderStatus::Open
                || order.cancel_wish == CancelWish::Requested
                || order.expires_at <= wish.at;
            has_it && wants_none
        })
    })
}

/// Whose turn it is each process knows for itself, from a moment before it asks.
fn refunds_are_apart(wishes: &[Wish], found: &mut Found) {
    let mut last: BTreeMap<(ProcessId, &str, &str), (Timestamp, &str)> = BTreeMap::new();
    for wish in wishes {
        let What::Refund {
            payment, refund_no, ..
        } = &wish.what
        else {
            continue;
        };
        let apart_secs = if wish.account == "ali" { 3 } else { 60 };
        let before = last.insert((wish.by, wish.account, payment), (wish.at, refund_no));
        let too_soon = before.is_some_and(|(before, other)| {
            let apart = wish.at.as_micros() - before.as_micros();
            other != refund_no && apart + MOMENT_MICROS < apart_secs * 1_000_000
        });
        found.unless(
            !too_soon,
            "refunds of one payment are as far apart as the gateway wants them",
            || format!("{wish:?} after {before:?}"),
        );
    }
}
