//! Amounts of money: integers in the currency's minor unit, never floats.

use std::fmt;

/// An ISO 4217 currency code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Renminbi, whose minor unit is the fen.
    pub const CNY: Self = Self(*b"CNY");

    /// The currency of that code, if it is three upper-case ASCII letters.
    pub fn new(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in a currency's minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount in the minor unit (fen), never negative in what payfold stores.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Renminbi, in fen.
    pub fn cny(minor: i64) -> Self {
        Self {
            minor,
            currency: Currency::CNY,
        }
    }

    /// Reads yuan as gateways write them, by digits: `(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?`.
    /// Anything else (`1e2`, `88.001`, `+1`, full-width digits) is not money.
    pub fn parse_yuan(text: &[u8]) -> Option<Self> {
        let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
            Some(dot) => {
                let (whole, rest) = text.split_at(dot);
                (whole, rest.get(1..).filter(|digits| !digits.is_empty())?)
            }
            None => (text, &[][..]),
        };
        let leading_zero = whole.len() > 1 && whole.first() == Some(&b'0');
        if whole.is_empty() || whole.len() > 9 || fraction.len() > 2 || leading_zero {
            return None;
        }
        let fen = match fraction {
            [] => 0,
            [tenths] => digit(*tenths)? * 10,
            [tenths, hundredths, ..] => digit(*tenths)? * 10 + digit(*hundredths)?,
        };
        let yuan = whole
            .iter()
            .try_fold(0_i64, |sum, byte| Some(sum * 10 + digit(*byte)?))?;
        Some(Self::cny(yuan * 100 + fen))
    }

    /// Writes yuan with two decimals, as Alipay takes them; behind a minus where it is negative.
    pub fn to_yuan(self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let fen = self.minor.unsigned_abs();
        format!("{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_by_digits_alone() {
        for (text, fen) in [
            ("0", 0),
            ("0.01", 1),
            ("0.1", 10),
            ("20", 2000),
            ("88.88", 8888),
            ("999999999.99", 99_999_999_999),
        ] {
            assert_eq!(
                Money::parse_yuan(text.as_bytes()),
                Some(Money::cny(fen)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_plain_digits_is_not_money() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "00",
            "01",
            "+1",
            "-1",
            "1e2",
            "88.001",
            "1 ",
            " 1",
            "1,00",
            "１",
            "1000000000",
            "1.2.3",
            "0x1",
        ] {
            assert_eq!(Money::parse_yuan(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn yuan_are_written_with_two_decimals() {
        assert_eq!(Money::cny(5).to_yuan(), "0.05");
        assert_eq!(Money::cny(8800).to_yuan(), "88.00");
        assert_eq!(Money::cny(-5).to_yuan(), "-0.05");
    }
}
