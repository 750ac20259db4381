//! A v3 refund 「退款结果通知」 as facts. Each speaks of one refund, never of a running sum; and since only
//! paid money can be refunded, each proves the payment too, whatever became of the refund.

use payfold_domain::{
    Application, Fact, Message, Money, Observation, PaymentRef, Receipt, RefundFact, RefundSize,
    RefundState, Source, Timestamp,
};

use super::json::Object;
use crate::grammar::{self, malformed};
use crate::{Refusal, WechatPayAccount};

/// What a refund of ours means.
pub(super) fn translate(
    account: &WechatPayAccount,
    event_type: &str,
    refund: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    let payment = PaymentRef {
        account: account.name.clone(),
        out_trade_no: grammar::out_trade_no(refund.text("out_trade_no", "out_trade_no")?)?,
    };
    let status = grammar::state(
        refund.text("refund_status", "refund_status")?,
        "refund_status",
    )?;
    let succeeded_at = refund
        .optional_text("success_time", "success_time")?
        .map(|time| grammar::rfc3339(time, "success_time"))
        .transpose()?;
    let state = match (event_type, status) {
        ("REFUND.SUCCESS", "SUCCESS") => RefundState::Succeeded(succeeded_at),
        ("REFUND.ABNORMAL", "ABNORMAL") => RefundState::NeedsAction,
        ("REFUND.CLOSED", "CLOSED") => RefundState::Failed,
        // An unknown status, or one that contradicts the event: kept, and believed in nothing.
        _ => return Ok(Message::Unknown(format!("{event_type}/{status}"))),
    };
    let amount = refund
        .optional_object("amount", "amount")?
        .ok_or(malformed("amount", "an object"))?;
    let size = amount
        .optional_fen("refund", "amount.refund", 1)?
        .ok_or(malformed("amount.refund", "an integer amount in fen"))?;
    let total = amount
        .optional_fen("total", "amount.total", 1)?
        .ok_or(malformed("amount.total", "an integer amount in fen"))?;
    let transaction_id = grammar::transaction_id(refund.text("transaction_id", "transaction_id")?)?;
    grammar::state(refund.text("refund_id", "refund_id")?, "refund_id")?;
    let paid = Receipt {
        transaction_id: transaction_id.clone(),
        amount: Money::cny(total),
        application: Application::Unstated,
        paid_at: observed_at,
    };
    let refund = RefundFact {
        transaction_id: Some(transaction_id),
        refund_no: Some(grammar::refund_no(
            refund.text("out_refund_no", "out_refund_no")?,
        )?),
        size: RefundSize::Exactly(Money::cny(size)),
        state,
    };
    let facts = vec![Fact::Paid(paid), Fact::Refund(refund)];
    Ok(Message::Observation(Observation {
        payment,
        source: Source::Notify,
        facts,
    }))
}
