//! A v2 pay notify 「支付结果通知」 as facts. There is no state in it: money came where `result_code` says
//! so, and a failed try changes nothing.

use payfold_domain::{Fact, Message, Money, Observation, PaymentRef, Receipt, Source};

use super::xml::Elements;
use crate::grammar::{self, malformed};
use crate::{Refusal, WechatPayAccount};

/// What a signed pay notify means.
pub(super) fn translate(
    account: &WechatPayAccount,
    elements: &Elements<'_>,
) -> Result<Message, Refusal> {
    let payment = PaymentRef {
        account: account.name.clone(),
        out_trade_no: grammar::out_trade_no(elements.required("out_trade_no")?)?,
    };
    let fact = match elements.required("result_code")? {
        "SUCCESS" => Fact::Paid(receipt(account, elements)?),
        "FAIL" => Fact::NotPaidYet,
        other => {
            return Ok(Message::Unknown(format!(
                "result_code/{}",
                grammar::state(other, "result_code")?
            )));
        }
    };
    Ok(Message::Observation(Observation {
        payment,
        source: Source::Notify,
        facts: vec![fact],
    }))
}

fn receipt(account: &WechatPayAccount, elements: &Elements<'_>) -> Result<Receipt, Refusal> {
    Ok(Receipt {
        transaction_id: grammar::transaction_id(elements.required("transaction_id")?)?,
        amount: Money {
            minor: fen(elements.required("total_fee")?, "total_fee")?,
            currency: grammar::currency(elements.get("fee_type"), "fee_type")?,
        },
        application: account.application(grammar::app_id(elements.required("appid")?)?),
        paid_at: grammar::beijing_compact(elements.required("time_end")?, "time_end")?,
    })
}

/// An amount in fen, written as plain digits: 1 to 99,999,999,999.
pub(super) fn fen(text: &str, field: &'static str) -> Result<i64, Refusal> {
    let refusal = malformed(
        field,
        "an amount in fen, 1 to 11 digits without a leading zero",
    );
    let plain = (1..=11).contains(&text.len())
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return Err(refusal);
    }
    text.parse().map_err(|_invalid| refusal)
}
