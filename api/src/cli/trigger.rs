//! `payfold trigger`: tells a running sandbox what the buyer or the world does.

use std::time::Duration;

use bytes::Bytes;
use clap::{Args, Subcommand};
use http::{Method, Request};
use serde_json::{Value, json};

use super::exit::{Failure, say};
use super::serve::runtime;
use super::system::Network;

/// How long the sandbox may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long its answer may be, in bytes.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// What `trigger` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The sandbox's address
    #[arg(long, default_value = "http://127.0.0.1:8090")]
    sandbox: String,
    #[command(subcommand)]
    event: Event,
}

#[derive(Debug, Subcommand)]
enum Event {
    /// The buyer pays
    Pay(Trade),
    /// A refund is made in the gateway's back office
    Refund(Trade),
    /// The gateway closes a trade
    Close(Named),
    /// The gateway sends the trade's last notify again
    Resend(Named),
    /// Something goes wrong from now on: lose, delay, twice, reorder, late, wrong-amount, tamper, close-page, slow, down, refund-refused, refund-slow, refund-abnormal, refund-closed, probe
    Fault(Fault),
    /// Everything goes right again
    Calm,
    /// The gateways' clock jumps ahead
    Clock {
        /// By how many seconds
        #[arg(long)]
        advance_s: u64,
    },
    /// Shows the books
    Trades,
}

#[derive(Debug, Args)]
struct Trade {
    /// alipay or wechatpay
    #[arg(long)]
    gateway: String,
    /// The payment's number
    #[arg(long)]
    out_trade_no: String,
    /// How much, in fen
    #[arg(long)]
    minor: Option<u64>,
    /// WeChat Pay: the protocol of the notify, v2 or v3
    #[arg(long)]
    via: Option<String>,
}

#[derive(Debug, Args)]
struct Named {
    /// alipay or wechatpay
    #[arg(long)]
    gateway: String,
    /// The payment's number
    #[arg(long)]
    out_trade_no: String,
}

#[derive(Debug, Args)]
struct Fault {
    /// Which
    fault: String,
    /// For one payment alone
    #[arg(long)]
    out_trade_no: Option<String>,
    /// How often
    #[arg(long)]
    times: Option<u64>,
    /// How long, for those that take time
    #[arg(long)]
    seconds: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (method, path, body) = request(&arguments.event);
    let url = format!(
        "{}/_sandbox/{path}",
        arguments.sandbox.trim_end_matches('/')
    );
    let body = body
        .map(|body| Bytes::from(without_nulls(body).to_string()))
        .unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(&url)
        .header("content-type", "application/json")
        .body(body)
        .map_err(|error| Failure::usage(format!("--sandbox {}: {error}", arguments.sandbox)))?;
    let answer = runtime()?
        .block_on(async {
            Network::new()?
                .exchange(request, PATIENCE, ANSWER_BYTES)
                .await
        })
        .map_err(|error| {
            Failure::job(format!(
                "asking the sandbox at {}: {error}",
                arguments.sandbox
            ))
        })?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    if answer.status().is_success() {
        say(text);
        Ok(())
    } else {
        Err(Failure::job(format!(
            "the sandbox answered {}: {text}",
            answer.status()
        )))
    }
}

fn request(event: &Event) -> (Method, &'static str, Option<Value>) {
    match event {
        Event::Pay(trade) => (Method::POST, "pay", Some(body(trade))),
        Event::Refund(trade) => (Method::POST, "refund", Some(body(trade))),
        Event::Close(named) => (Method::POST, "close", Some(name(named))),
        Event::Resend(named) => (Method::POST, "resend", Some(name(named))),
        Event::Fault(fault) => (
            Method::POST,
            "faults",
            Some(json!({
                "fault": fault.fault,
                "out_trade_no": fault.out_trade_no,
                "times": fault.times,
                "seconds": fault.seconds,
            })),
        ),
        Event::Calm => (Method::DELETE, "faults", None),
        Event::Clock { advance_s } => (
            Method::POST,
            "clock",
            Some(json!({ "advance_s": advance_s })),
        ),
        Event::Trades => (Method::GET, "trades", None),
    }
}

fn body(trade: &Trade) -> Value {
    json!({
        "gateway": trade.gateway,
        "out_trade_no": trade.out_trade_no,
        "minor": trade.minor,
        "via": trade.via,
    })
}

fn name(named: &Named) -> Value {
    json!({ "gateway": named.gateway, "out_trade_no": named.out_trade_no })
}

/// What was not given is left out.
fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}
