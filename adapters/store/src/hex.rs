//! SHA-256 values as hexadecimal text.

use crate::port::Hash;

/// 64 digits of `0-9a-f`.
pub(crate) fn write(hash: &Hash) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// The value of 64 digits of `0-9a-f`, and of nothing else.
pub(crate) fn read(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = pair
            .iter()
            .try_fold(0, |value, digit| Some(value << 4 | nibble(*digit)?))?;
    }
    Some(hash)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
