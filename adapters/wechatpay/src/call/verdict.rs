//! What a refusal of a call means for whoever asked 「错误码」. Codes are an open set, and one cause has
//! several, so the HTTP class comes first and whatever is not known is a plain no.

use http::StatusCode;
use payfold_domain::Verdict;

/// The meaning of a refusal with that HTTP status and code.
pub(super) fn verdict(status: StatusCode, code: &str) -> Verdict {
    match status {
        StatusCode::TOO_MANY_REQUESTS => return Verdict::AskAgain,
        // The clock, the serial, the key: the same request would be refused for ever.
        StatusCode::UNAUTHORIZED => return Verdict::NeedsAction,
        _ => {}
    }
    match code {
        "FREQUENCY_LIMITED"
        | "RATELIMIT_EXCEEDED"
        | "FREQUENCY_LIMIT_EXCEED"
        | "FREQUENCY_LIMIT"
        | "SYSTEM_ERROR"
        | "SYSTEMERROR"
        | "BANK_ERROR"
        | "BIZERR_NEED_RETRY"
        | "USER_PAYING" => Verdict::AskAgain,
        "ORDER_NOT_EXIST" | "ORDERNOTEXIST" | "RESOURCE_NOT_EXISTS" | "REFUNDNOTEXIST" => {
            Verdict::NotThere
        }
        "NOT_ENOUGH"
        | "NOTENOUGH"
        | "SIGN_ERROR"
        | "NO_AUTH"
        | "RULE_LIMIT"
        | "ACCOUNT_ERROR"
        | "USER_ACCOUNT_ABNORMAL"
        | "REQUEST_BLOCKED" => Verdict::NeedsAction,
        _ => Verdict::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_http_class_comes_before_the_code() {
        for (status, code, meaning) in [
            (429, "FREQUENCY_LIMITED", Verdict::AskAgain),
            (429, "NEVER_SEEN", Verdict::AskAgain),
            (429, "RULE_LIMIT", Verdict::AskAgain),
            (401, "SIGN_ERROR", Verdict::NeedsAction),
            (401, "NEVER_SEEN", Verdict::NeedsAction),
            (400, "SIGN_ERROR", Verdict::NeedsAction),
            (403, "RULE_LIMIT", Verdict::NeedsAction),
            (400, "SYSTEM_ERROR", Verdict::AskAgain),
            (403, "NOT_ENOUGH", Verdict::NeedsAction),
            (404, "ORDER_NOT_EXIST", Verdict::NotThere),
            (404, "RESOURCE_NOT_EXISTS", Verdict::NotThere),
            (400, "INVALID_REQUEST", Verdict::No),
            (400, "NEVER_SEEN", Verdict::No),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(verdict(status, code), meaning, "{status} {code}");
        }
    }
}
