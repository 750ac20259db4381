//! A v3 transaction 「支付成功回调通知」 as facts. The same object answers an order query.

use payfold_domain::{
    Fact, Message, Money, Observation, PaymentRef, Receipt, RefundFact, RefundNumber, RefundSize,
    RefundState, Timestamp, TransactionId,
};

use super::Origin;
use super::json::Object;
use crate::grammar::{self, malformed};
use crate::{Refusal, WechatPayAccount};

/// What a transaction of ours means.
pub(crate) fn translate(
    account: &WechatPayAccount,
    origin: &Origin<'_>,
    transaction: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    let payment = PaymentRef {
        account: account.name.clone(),
        out_trade_no: grammar::out_trade_no(transaction.text("out_trade_no", "out_trade_no")?)?,
    };
    let state = grammar::state(
        transaction.text("trade_state", "trade_state")?,
        "trade_state",
    )?;
    let facts = match state {
        "SUCCESS" => {
            transaction.text("success_time", "success_time")?;
            vec![Fact::Paid(receipt(account, transaction, observed_at)?)]
        }
        "REFUND" => {
            let receipt = receipt(account, transaction, observed_at)?;
            let refund = refund_of_unknown_size(receipt.transaction_id.clone());
            vec![Fact::Paid(receipt), Fact::Refund(refund)]
        }
        "NOTPAY" | "USERPAYING" | "ACCEPT" | "PAYERROR" => vec![Fact::NotPaidYet],
        "CLOSED" | "REVOKED" => vec![Fact::FinallyUnpaid],
        other => return Ok(Message::Unknown(format!("{}/{other}", origin.kind))),
    };
    Ok(Message::Observation(Observation {
        payment,
        source: origin.source,
        facts,
    }))
}

fn receipt(
    account: &WechatPayAccount,
    transaction: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Receipt, Refusal> {
    let amount = transaction
        .optional_object("amount", "amount")?
        .ok_or(malformed("amount", "an object"))?;
    let total = amount
        .optional_fen("total", "amount.total", 1)?
        .ok_or(malformed("amount.total", "an integer amount in fen"))?;
    amount.optional_fen("payer_total", "amount.payer_total", 0)?;
    let currency = grammar::currency(
        amount.optional_text("currency", "amount.currency")?,
        "amount.currency",
    )?;
    let paid_at = transaction
        .optional_text("success_time", "success_time")?
        .map(|time| grammar::rfc3339(time, "success_time"))
        .transpose()?;
    Ok(Receipt {
        transaction_id: grammar::transaction_id(
            transaction.text("transaction_id", "transaction_id")?,
        )?,
        amount: Money {
            minor: total,
            currency,
        },
        application: account.application(grammar::app_id(transaction.text("appid", "appid")?)?),
        paid_at: paid_at.unwrap_or(observed_at),
    })
}

/// `trade_state` `REFUND` says that a refund was asked for, and neither how much nor what came of it.
fn refund_of_unknown_size(transaction_id: TransactionId) -> RefundFact {
    RefundFact {
        transaction_id: Some(transaction_id),
        number: RefundNumber::Unstated,
        size: RefundSize::Unknown,
        state: RefundState::Processing,
    }
}
