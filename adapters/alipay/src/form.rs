//! A form as bytes: what a notify's body and a return's query are before anybody knows their charset.
//! Values are decoded once and never again. Which fields a message needs is others' part.

use std::borrow::Cow;

use crate::Refusal;

/// The fields of a form, sorted by name, each name once.
pub(crate) struct Form<'a> {
    fields: Vec<Field<'a>>,
}

/// One field. Its name needs no decoding, its value has had it.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: Cow<'a, [u8]>,
}

/// Which fields a signed string leaves out, beside `sign` and `sign_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    None,
    Empty,
    Blank,
}

/// Ample: Alipay documents some forty fields for a trade notify.
const MAX_FIELDS: usize = 256;

impl<'a> Form<'a> {
    /// Splits a form and decodes its values.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut fields = Vec::with_capacity(40);
        for pair in bytes.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            if fields.len() == MAX_FIELDS {
                return Err(unreadable("at most 256 fields"));
            }
            fields.push(Field::parse(pair)?);
        }
        fields.sort_unstable_by(|a: &Field<'_>, b| a.name.cmp(b.name));
        let mut neighbours = fields.iter().zip(fields.iter().skip(1));
        if neighbours.any(|(a, b)| a.name == b.name) {
            return Err(Refusal::FieldRepeated);
        }
        Ok(Self { fields })
    }

    /// A field's value, as received; blank counts as absent, for the signature may not cover it.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self
            .fields
            .binary_search_by(|field| field.name.cmp(name.as_bytes()))
            .ok()?;
        let field = self.fields.get(found)?;
        (!is_blank(&field.value)).then_some(&*field.value)
    }

    /// A field that must be there.
    pub(crate) fn require(&self, name: &'static str) -> Result<&[u8], Refusal> {
        self.get(name).ok_or(Refusal::FieldMissing(name))
    }

    /// Every field that is not blank.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !is_blank(&field.value))
    }

    /// The strings that the signature may cover (V1: without `sign` and `sign_type`), each once. The
    /// sources disagree whether an empty or a blank value is signed; every candidate covers all others
    /// 「异步返回结果的验签」, 「自行实现验签」.
    pub(crate) fn signed_strings(&self) -> impl Iterator<Item = Vec<u8>> {
        let any = |test: fn(&[u8]) -> bool| self.signable().any(|field| test(&field.value));
        let without_empty = any(|value| value.is_empty());
        let without_blank = any(|value| !value.is_empty() && is_blank(value));
        [
            Some(LeftOut::None),
            without_empty.then_some(LeftOut::Empty),
            without_blank.then_some(LeftOut::Blank),
        ]
        .into_iter()
        .flatten()
        .map(|left_out| self.signed_string(left_out))
    }

    fn signed_string(&self, left_out: LeftOut) -> Vec<u8> {
        let mut signed = Vec::with_capacity(2048);
        for field in self.signable() {
            let keep = match left_out {
                LeftOut::None => true,
                LeftOut::Empty => !field.value.is_empty(),
                LeftOut::Blank => !is_blank(&field.value),
            };
            if keep {
                if !signed.is_empty() {
                    signed.push(b'&');
                }
                signed.extend_from_slice(field.name);
                signed.push(b'=');
                signed.extend_from_slice(&field.value);
            }
        }
        signed
    }

    fn signable(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields
            .iter()
            .filter(|field| field.name != b"sign" && field.name != b"sign_type")
    }
}

impl<'a> Field<'a> {
    fn parse(pair: &'a [u8]) -> Result<Self, Refusal> {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(equals) => {
                let (name, rest) = pair.split_at(equals);
                (name, rest.get(1..).unwrap_or_default())
            }
            None => (pair, &[][..]),
        };
        if !is_name(name) {
            return Err(unreadable("names of 1 to 64 characters of 0-9A-Za-z_.-"));
        }
        Ok(Self {
            name,
            value: decode(value)?,
        })
    }
}

/// Every encoder leaves such names as they are. Any other byte in one could move the border between
/// name and value in the signed string.
fn is_name(name: &[u8]) -> bool {
    (1..=64).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// `+` and `%XX` to bytes, once.
fn decode(raw: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    if !raw.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(unreadable("two hex digits after %")),
            },
            plain => *plain,
        });
    }
    Ok(Cow::Owned(decoded))
}

fn hex(digit: &u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Nothing, or only what Alipay's Java SDK takes for whitespace.
fn is_blank(value: &[u8]) -> bool {
    value
        .iter()
        .all(|byte| matches!(byte, 0x09..=0x0d | 0x1c..=0x20))
}

fn unreadable(expected: &'static str) -> Refusal {
    Refusal::FormUnreadable { expected }
}
