//! Amounts: fen inside and at WeChat Pay, yuan with two decimals on Alipay's wire.

/// The largest amount of one payment, in fen: 100,000,000 yuan.
pub(crate) const MOST_MINOR: u64 = 10_000_000_000;

/// An amount as Alipay writes it: `88.00`.
pub(crate) fn yuan(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// A sum that may be below nothing: `-0.53`.
pub(crate) fn signed_yuan(minor: i128) -> String {
    let amount = yuan(u64::try_from(minor.unsigned_abs()).unwrap_or(u64::MAX));
    if minor < 0 {
        format!("-{amount}")
    } else {
        amount
    }
}

/// An amount as a merchant may write it to Alipay: digits, and at most two decimals.
pub(crate) fn from_yuan(text: &str) -> Option<u64> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(cents) || whole.len() > 9 || cents.len() > 2 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let cents: u64 = format!("{cents:0<2}").parse().ok()?;
    Some(whole * 100 + cents).filter(|minor| (1..=MOST_MINOR).contains(minor))
}

#[cfg(test)]
mod tests {
    use super::{from_yuan, yuan};

    #[test]
    fn yuan_are_written_with_two_decimals_and_read_with_up_to_two() {
        assert_eq!(yuan(8_800), "88.00");
        assert_eq!(yuan(1), "0.01");
        for (text, minor) in [("88", 8_800), ("88.8", 8_880), ("0.01", 1)] {
            assert_eq!(from_yuan(text), Some(minor), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_none() {
        for text in [
            "", ".", "1.", ".1", "1e2", "88.001", "+1", "-1", "１", "0", "0.00", "1 ",
        ] {
            assert_eq!(from_yuan(text), None, "{text}");
        }
    }
}
