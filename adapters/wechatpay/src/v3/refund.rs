//! A v3 refund 「退款结果通知」 as facts. Each speaks of one refund, never of a running sum; and since only
//! paid money can be refunded, each proves the payment too, whatever became of the refund.

use payfold_domain::{
    Application, Fact, Message, Money, Observation, PaymentRef, Receipt, RefundFact, RefundNumber,
    RefundSize, RefundState, Source, Timestamp,
};

use super::Origin;
use super::json::Object;
use crate::grammar::{self, malformed};
use crate::{Refusal, WechatPayAccount};

/// What a refund notify means. Its status goes by another name than in the answer to a call.
pub(super) fn notified(
    account: &WechatPayAccount,
    event_type: &str,
    refund: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    let status = refund.text("refund_status", "refund_status")?;
    if event_type.strip_prefix("REFUND.") == Some(status) {
        let origin = Origin {
            source: Source::Notify,
            kind: event_type,
        };
        translate(account, &origin, status, refund, observed_at)
    } else {
        // It contradicts the event, or is new: kept, and believed in nothing.
        let status = grammar::state(status, "refund_status")?;
        Ok(Message::Unknown(format!("{event_type}/{status}")))
    }
}

/// What a refund of ours means.
pub(crate) fn translate(
    account: &WechatPayAccount,
    origin: &Origin<'_>,
    status: &str,
    refund: &Object<'_>,
    observed_at: Timestamp,
) -> Result<Message, Refusal> {
    let payment = PaymentRef {
        account: account.name.clone(),
        out_trade_no: grammar::out_trade_no(refund.text("out_trade_no", "out_trade_no")?)?,
    };
    let succeeded_at = refund
        .optional_text("success_time", "success_time")?
        .map(|time| grammar::rfc3339(time, "success_time"))
        .transpose()?;
    let state = match grammar::state(status, "status")? {
        "SUCCESS" => RefundState::Succeeded(succeeded_at),
        "PROCESSING" => RefundState::Processing,
        "ABNORMAL" => RefundState::NeedsAction,
        "CLOSED" => RefundState::Failed,
        other => return Ok(Message::Unknown(format!("{}/{other}", origin.kind))),
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
    let currency = grammar::currency(
        amount.optional_text("currency", "amount.currency")?,
        "amount.currency",
    )?;
    let money = |minor| Money { minor, currency };
    let transaction_id = grammar::transaction_id(refund.text("transaction_id", "transaction_id")?)?;
    grammar::state(refund.text("refund_id", "refund_id")?, "refund_id")?;
    let paid = Receipt {
        transaction_id: transaction_id.clone(),
        amount: money(total),
        application: Application::Unstated,
        paid_at: observed_at,
    };
    let refund = RefundFact {
        transaction_id: Some(transaction_id),
        number: RefundNumber::Stated(grammar::refund_no(
            refund.text("out_refund_no", "out_refund_no")?,
        )?),
        size: RefundSize::Exactly(money(size)),
        state,
    };
    let facts = vec![Fact::Paid(paid), Fact::Refund(refund)];
    Ok(Message::Observation(Observation {
        payment,
        source: origin.source,
        facts,
    }))
}
