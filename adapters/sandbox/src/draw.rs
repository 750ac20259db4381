//! Numbers and names drawn by lot, in the forms that the gateways use.

use crate::outside::Entropy;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `length` decimal digits.
pub(crate) fn digits(entropy: &Entropy, length: usize) -> String {
    letters(entropy, length, b"0123456789")
}

/// `length` hexadecimal digits, lower-case.
pub(crate) fn hex(entropy: &Entropy, length: usize) -> String {
    letters(entropy, length, b"0123456789abcdef")
}

/// `length` letters and digits.
pub(crate) fn alphanumeric(entropy: &Entropy, length: usize) -> String {
    letters(entropy, length, ALPHANUMERIC)
}

/// One chance in `one_in`; never where that is 0.
pub(crate) fn chance(entropy: &Entropy, one_in: u32) -> bool {
    let mut bytes = [0; 4];
    if one_in == 0 {
        return false;
    }
    entropy(&mut bytes);
    u32::from_le_bytes(bytes) % one_in == 0
}

fn letters(entropy: &Entropy, length: usize, alphabet: &[u8]) -> String {
    let mut bytes = vec![0; length];
    entropy(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()).copied())
        .map(char::from)
        .collect()
}
