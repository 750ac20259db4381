//! What a refusal means for whoever asked 「公共错误码」. Codes are an open set, some come with a prefix and
//! some without, and the same one can mean different things to different calls.

use payfold_domain::Verdict;

use super::request::Call;

/// What an answer's codes say came of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// It was not.
    Refused(Verdict),
    /// Nobody knows: neither done nor refused.
    Open,
}

impl Outcome {
    /// Of `code`, which says how the gateway took the call, and `sub_code`, which says how the business
    /// behind it did.
    pub(super) fn of(call: Call, code: &str, sub_code: Option<&str>) -> Self {
        match (code, sub_code) {
            ("10000", None) => Self::Done,
            ("40004", Some(sub_code)) => business(call, sub_code),
            // Called too often; it was not carried out.
            ("40005", _) => Self::Refused(Verdict::AskAgain),
            ("40006", _) => Self::Refused(Verdict::NeedsAction),
            // A code of the business can come under any of these.
            ("20001" | "40001" | "40002" | "40003", Some(sub_code)) => {
                match sub_code.starts_with("ACQ.") {
                    true => business(call, sub_code),
                    false => admission(sub_code),
                }
            }
            ("20001" | "40001" | "40002" | "40003", None) => Self::Refused(Verdict::NeedsAction),
            _ => Self::Open,
        }
    }
}

/// Codes of the business, after what the documents list of each method.
fn business(call: Call, sub_code: &str) -> Outcome {
    use Verdict::{AskAgain, NeedsAction, No, NotThere};
    let verdict = match (call, without_prefix(sub_code)) {
        (_, "SYSTEM_ERROR" | "UNKNOWN_ERROR") => return Outcome::Open,
        (_, "SYSTEM_RATE_LIMIT" | "USER_RATE_LIMIT") => AskAgain,
        (_, "ACCESS_FORBIDDEN" | "PARTNER_ERROR" | "MERCHANT_STATUS_NOT_NORMAL") => NeedsAction,
        (Call::BillUrl, "NO_BILL_DATA") => NotThere,
        (Call::BillUrl, "BILL_NOT_EXIST" | "bill_not_exist") => AskAgain,
        (Call::Refund, code) => return refund(code),
        (_, "TRADE_NOT_EXIST") => NotThere,
        _ if is_own_failure(sub_code) => return Outcome::Open,
        // Whatever else is said of a question, it is no word on the refund; and asked again, the same is
        // said again.
        (Call::RefundQuery, _) => NeedsAction,
        _ => No,
    };
    Outcome::Refused(verdict)
}

/// Of a refund, a no for good must be one of those that the documents list: after any other code, the
/// money may yet go back under the same number.
fn refund(code: &str) -> Outcome {
    match code {
        "REFUND_AMT_NOT_EQUAL_TOTAL"
        | "REASON_TRADE_REFUND_FEE_ERR"
        | "REFUND_FEE_ERROR"
        | "TRADE_HAS_FINISHED"
        | "TRADE_NOT_ALLOW_REFUND"
        | "TRADE_STATUS_ERROR"
        | "TRADE_NOT_EXIST"
        | "INVALID_PARAMETER"
        | "BUYER_NOT_EXIST" => Outcome::Refused(Verdict::No),
        "SELLER_BALANCE_NOT_ENOUGH" | "REASON_TRADE_BEEN_FREEZEN" | "BUYER_ERROR" => {
            Outcome::Refused(Verdict::NeedsAction)
        }
        _ => Outcome::Open,
    }
}

/// Codes of a call that was not let in, for its signature, its application or its content. A person
/// mends those; but a failure of the gateway's own is none.
fn admission(sub_code: &str) -> Outcome {
    if is_own_failure(sub_code) {
        Outcome::Open
    } else if sub_code == "isv.invalid-timestamp" {
        Outcome::Refused(Verdict::AskAgain)
    } else {
        Outcome::Refused(Verdict::NeedsAction)
    }
}

/// `isp.unknow-error` (so written), `aop.unknow-error`, `aop.ACQ.SYSTEM_ERROR`.
fn is_own_failure(sub_code: &str) -> bool {
    sub_code.starts_with("isp.") || sub_code.starts_with("aop.")
}

/// `ACQ.TRADE_NOT_EXIST`, `TRADE_NOT_EXIST` and `aop.ACQ.TRADE_NOT_EXIST` are one code; `AQC.` is how
/// the documents misspell it.
fn without_prefix(sub_code: &str) -> &str {
    sub_code
        .rsplit_once('.')
        .map_or(sub_code, |(_prefix, code)| code)
}
