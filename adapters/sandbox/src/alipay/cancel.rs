//! `alipay.trade.cancel`: a payment whose outcome nobody waits for any more. One that waits is closed, and
//! what is left of a paid one goes back to the buyer.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::request::{Denied, Request};
use super::trade::{Which, denied, given_back, known};
use crate::books::{Gateway, Standing, Trade};
use crate::sandbox::Sandbox;

/// How long after it was made a trade can be cancelled.
const IN_TIME: TimeDelta = TimeDelta::days(1);

/// Cancels a trade. Where there is none there is nothing to do, which is no error.
pub(super) fn cancel(sandbox: &Sandbox, request: &Request) -> Result<Value, Denied> {
    let which: Which = request.content()?;
    let Some((id, trade)) = known(sandbox, &which)? else {
        return Ok(nothing_to_do(which.out_trade_no));
    };
    if sandbox.now() - trade.created > IN_TIME {
        return Err(Denied::business(
            "ACQ.TRADE_CANCEL_TIME_OUT",
            "超过撤销时间范围",
        ));
    }
    let action = match trade.standing {
        Standing::Waiting => {
            sandbox
                .close(Gateway::Alipay, &trade.out_trade_no)
                .map_err(denied)?;
            "close"
        }
        Standing::Closed(_) => "close",
        Standing::Paid(_) => {
            let left = trade.left();
            if left > 0 {
                given_back(sandbox, (id, &trade), refund_no(&trade), left)?;
            }
            "refund"
        }
    };
    Ok(json!({
        "code": "10000",
        "msg": "Success",
        "action": action,
        "out_trade_no": trade.out_trade_no,
        "retry_flag": "N",
        "trade_no": trade.transaction_id,
    }))
}

/// The number of the refund that a cancel makes: the trade's, as of every refund that names none, or Alipay's
/// own where the merchant has used that.
fn refund_no(trade: &Trade) -> &str {
    let is_taken = trade.refund(&trade.out_trade_no).is_some();
    match &trade.transaction_id {
        Some(trade_no) if is_taken => trade_no,
        Some(_) | None => &trade.out_trade_no,
    }
}

fn nothing_to_do(out_trade_no: Option<String>) -> Value {
    let mut answer = json!({ "code": "10000", "msg": "Success", "retry_flag": "N" });
    if let (Some(number), Some(fields)) = (out_trade_no, answer.as_object_mut()) {
        fields.insert("out_trade_no".to_owned(), json!(number));
    }
    answer
}
