//! Amounts as a bill writes them: yuan with decimals, fees with five of them. They are read by digits,
//! as hundred-thousandths of a yuan, so that a thousandth of a fen is not lost in a sum.

/// Hundred-thousandths of a yuan in a fen.
pub(super) const PARTS_OF_A_FEN: i64 = 1_000;

/// Reads yuan with at most five decimals, perhaps with a minus.
pub(super) fn parts(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (yuan, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let fits = (1..=12).contains(&yuan.len()) && (1..=5).contains(&fraction.len());
    let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !fits || !only_digits(yuan) || !only_digits(fraction) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<5}").parse().ok()?;
    Some(sign * (yuan.parse::<i64>().ok()? * 100 * PARTS_OF_A_FEN + fraction))
}

/// The nearest whole fen; halves go away from zero.
pub(super) fn rounded(parts: i64) -> i64 {
    let half = PARTS_OF_A_FEN / 2 * parts.signum();
    (parts + half) / PARTS_OF_A_FEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use payfold_domain::Money;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_amount_is_read_as_it_is_written(minor in -9_999_999_999_999_i64..9_999_999_999_999) {
            prop_assert_eq!(parts(&Money::cny(minor).to_yuan()), Some(minor * PARTS_OF_A_FEN));
            prop_assert_eq!(rounded(minor * PARTS_OF_A_FEN), minor);
        }
    }

    #[test]
    fn fees_have_five_decimals_and_are_rounded_to_two() {
        for (text, read, whole) in [
            ("0.01000", 1_000, 1),
            ("0.00500", 500, 1),
            ("-0.00500", -500, -1),
            ("0.00499", 499, 0),
            ("12.5", 1_250_000, 1_250),
        ] {
            assert_eq!(parts(text), Some(read), "{text}");
            assert_eq!(rounded(read), whole, "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_digits_is_no_amount() {
        for text in [
            "", "-", ".5", "1.", "1e2", "+1", "--1", "1.234567", "1,00", "１",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
