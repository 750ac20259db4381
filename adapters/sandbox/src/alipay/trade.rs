//! Calls between servers about a trade: query, close, refund, and the query of a refund.

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{Amount, Denied, Request};
use crate::beijing;
use crate::books::{AlipayTerms, Gateway, Refund, Standing, Trade, TradeId};
use crate::money::yuan;
use crate::notify::Via;
use crate::refund::{By, Moved, Refunding};
use crate::sandbox::Sandbox;
use crate::till::Refused;

/// By which numbers a call finds its trade; Alipay's own wins.
#[derive(Deserialize)]
pub(super) struct Which {
    pub(super) out_trade_no: Option<String>,
    trade_no: Option<String>,
}

#[derive(Deserialize)]
struct QueryContent {
    #[serde(flatten)]
    which: Which,
    #[serde(default)]
    query_options: Options,
}

/// What more an answer is to tell: a list, which some send as the text of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Options {
    List(Vec<String>),
    Text(String),
}

#[derive(Deserialize)]
struct RefundContent {
    #[serde(flatten)]
    which: Which,
    refund_amount: Amount,
    out_request_no: Option<String>,
}

#[derive(Deserialize)]
struct RefundQueryContent {
    #[serde(flatten)]
    which: Which,
    out_request_no: String,
    #[serde(default)]
    query_options: Options,
}

/// `alipay.trade.query`.
pub(super) fn query(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let content: QueryContent = request.content()?;
    let (_, trade) = found(sandbox, &content.which)?;
    let amount = yuan(trade.minor);
    let mut answer = json!({
        "code": "10000",
        "msg": "Success",
        "buyer_logon_id": "san***@sandbox.com",
        (buyer_field(&trade)): trade.buyer,
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.transaction_id,
        "trade_status": trade.state(),
        "total_amount": amount,
        "buyer_pay_amount": "0.00",
        "invoice_amount": "0.00",
        "point_amount": "0.00",
        "receipt_amount": "0.00",
    });
    if let (Standing::Paid(at), Some(fields)) = (trade.standing, answer.as_object_mut()) {
        fields.insert("send_pay_date".to_owned(), json!(beijing::plain(at)));
        for name in ["buyer_pay_amount", "invoice_amount", "receipt_amount"] {
            fields.insert(name.to_owned(), json!(amount));
        }
        if content.query_options.ask_for("fund_bill_list") {
            let bill = json!({
                "amount": amount, "fund_channel": "ALIPAYACCOUNT", "real_amount": amount,
            });
            fields.insert("fund_bill_list".to_owned(), json!([bill]));
        }
    }
    Ok(answer)
}

/// `alipay.trade.close`.
pub(super) fn close(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let (_, trade) = found(sandbox, &request.content()?)?;
    if trade.standing != Standing::Waiting {
        return Err(Denied::business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"));
    }
    sandbox
        .close(Gateway::Alipay, &trade.out_trade_no)
        .map_err(denied)?;
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.transaction_id,
    }))
}

/// `alipay.trade.refund`.
pub(super) fn refund(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let content: RefundContent = request.content()?;
    let (id, trade) = found(sandbox, &content.which)?;
    let minor = content
        .refund_amount
        .minor()
        .ok_or_else(|| Denied::parameter("refund_amount"))?;
    let whole = minor == trade.minor;
    let refund_no = match content.out_request_no {
        Some(number) => number,
        None if whole => trade.out_trade_no.clone(),
        None => {
            return Err(Denied::business(
                "ACQ.REFUND_FEE_ERROR",
                "部分退款须传out_request_no",
            ));
        }
    };
    let (trade, moved) = given_back(sandbox, (id, &trade), &refund_no, minor)?;
    let is_back = trade.refund(&refund_no).is_some_and(Refund::is_back);
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "buyer_logon_id": "san***@sandbox.com",
        (buyer_field(&trade)): trade.buyer,
        "fund_change": if moved == Moved::Now && is_back { "Y" } else { "N" },
        "gmt_refund_pay": beijing::plain(sandbox.now()),
        "out_trade_no": trade.out_trade_no,
        "refund_fee": yuan(trade.refunded()),
        "send_back_fee": "0.00",
        "trade_no": trade.transaction_id,
    }))
}

/// Gives so much of a trade back under that number.
pub(super) fn given_back(
    sandbox: &Sandbox,
    (id, trade): (TradeId, &Trade),
    refund_no: &str,
    minor: u64,
) -> Result<(Trade, Moved), Denied> {
    // By default a full refund of a page or a code is told to nobody (异步通知说明).
    let closes = trade.refunded() + minor >= trade.minor;
    let told = !closes || trade.alipay_terms().is_some_and(AlipayTerms::tells_ends);
    let refunding = Refunding {
        gateway: Gateway::Alipay,
        trade: id,
        refund_no,
        minor,
        notify_url: trade.terms.notify_url.clone().filter(|_| told),
        via: Via::default(),
        by: By::Merchant,
    };
    sandbox.give_back(refunding).map_err(denied)
}

/// `alipay.trade.fastpay.refund.query`; of a number that nobody knows, or of a
/// refund that is still on its way, it says little.
pub(super) fn refund_query(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let content: RefundQueryContent = request.content()?;
    sandbox.settle_refunds();
    let (_, trade) = found(sandbox, &content.which)?;
    let refund = trade.refund(&content.out_request_no);
    let Some(refund) = refund.filter(|refund| refund.is_back()) else {
        return Ok(json!({ "code": "10000", "msg": "Success" }));
    };
    let mut answer = json!({
        "code": "10000",
        "msg": "Success",
        "out_request_no": refund.refund_no,
        "out_trade_no": trade.out_trade_no,
        "refund_amount": yuan(refund.minor),
        "refund_status": "REFUND_SUCCESS",
        "total_amount": yuan(trade.minor),
        "trade_no": trade.transaction_id,
    });
    if let Some(fields) = answer.as_object_mut()
        && content.query_options.ask_for("gmt_refund_pay")
    {
        let at = json!(beijing::plain(refund.at()));
        fields.insert("gmt_refund_pay".to_owned(), at);
    }
    Ok(answer)
}

impl Default for Options {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Options {
    fn ask_for(&self, wanted: &str) -> bool {
        match self {
            Self::List(options) => options.iter().any(|option| option == wanted),
            Self::Text(text) => serde_json::from_str::<Vec<String>>(text).map_or_else(
                |_no_list| text == wanted,
                |options| options.iter().any(|option| option == wanted),
            ),
        }
    }
}

fn buyer_field(trade: &Trade) -> &'static str {
    if trade.has_open_id() {
        "buyer_open_id"
    } else {
        "buyer_user_id"
    }
}

fn found(sandbox: &Sandbox, which: &Which) -> Result<(TradeId, Trade), Denied> {
    known(sandbox, which)?.ok_or_else(|| Denied::business("ACQ.TRADE_NOT_EXIST", "交易不存在"))
}

/// The trade as it stands now, where there is one.
pub(super) fn known(sandbox: &Sandbox, which: &Which) -> Result<Option<(TradeId, Trade)>, Denied> {
    let state = sandbox.state();
    let found = match (&which.trade_no, &which.out_trade_no) {
        (Some(trade_no), _) => state.books.find_transaction(Gateway::Alipay, trade_no),
        (None, Some(number)) => state.books.find(Gateway::Alipay, number),
        (None, None) => {
            return Err(Denied::parameter("out_trade_no与trade_no不能同时为空"));
        }
    };
    Ok(found.map(|(id, trade)| (id, trade.as_of(sandbox.now()))))
}

pub(super) fn denied(refused: Refused) -> Denied {
    match refused {
        Refused::Unknown { .. } => Denied::business("ACQ.TRADE_NOT_EXIST", "交易不存在"),
        Refused::OtherRefund { .. } => {
            Denied::business("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
        }
        Refused::TooMuch { left: 0, .. } => {
            Denied::business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        }
        Refused::TooMuch { .. } => {
            Denied::business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        }
        Refused::Paid { .. }
        | Refused::NotPaid { .. }
        | Refused::Closed { .. }
        | Refused::Expired { .. } => Denied::business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
        Refused::Finished { .. } => Denied::business("ACQ.TRADE_HAS_FINISHED", "交易已完结"),
        Refused::Balance { .. } => {
            Denied::business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
        }
        Refused::NoAmount { .. } => Denied::parameter("refund_amount"),
        Refused::OtherTrade { .. }
        | Refused::NoRefund { .. }
        | Refused::NotAbnormal { .. }
        | Refused::NoNumber
        | Refused::NoAddress(_)
        | Refused::Unwritten(_) => Denied::business("ACQ.SYSTEM_ERROR", "系统错误"),
    }
}
