//! Amounts as a bill writes them: yuan in digits with at most two decimals, perhaps with a minus.

/// Reads yuan as fen, by digits.
pub(super) fn fen(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (yuan, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let fits = (1..=13).contains(&yuan.len()) && (1..=2).contains(&fraction.len());
    let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !fits || !only_digits(yuan) || !only_digits(fraction) {
        return None;
    }
    let tenths: i64 = if fraction.len() == 1 { 10 } else { 1 };
    let fen = yuan.parse::<i64>().ok()? * 100 + fraction.parse::<i64>().ok()? * tenths;
    Some(sign * fen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use payfold_domain::Money;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_amount_is_read_as_it_is_written(minor in -99_999_999_999_999_i64..99_999_999_999_999) {
            prop_assert_eq!(fen(&Money::cny(minor).to_yuan()), Some(minor));
        }
    }

    #[test]
    fn what_is_not_plain_digits_is_no_amount() {
        for text in [
            "",
            "-",
            ".5",
            "1.",
            "1e2",
            "+1",
            "--1",
            "1.234",
            "1,00",
            "１",
            "12345678901234",
        ] {
            assert_eq!(fen(text), None, "{text}");
        }
        assert_eq!(fen("88.8"), Some(8880));
        assert_eq!(fen("-0.53"), Some(-53));
    }
}
