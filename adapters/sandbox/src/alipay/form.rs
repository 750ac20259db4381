//! Forms and query strings as Alipay reads and writes them: pairs of a name and the bytes of a
//! value, in the charset that one of them names; and the text that a signature covers.

use encoding_rs::{Encoding, UTF_8};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What a form leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// Pairs, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pairs(Vec<(String, Vec<u8>)>);

impl Pairs {
    /// Reads a query string or a form. A name that occurs twice counts the first time.
    pub(crate) fn read(text: &[u8]) -> Self {
        let mut pairs = Self::default();
        pairs.add(text);
        pairs
    }

    /// Reads more pairs, which give way to those that are there.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for pair in text
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default());
            let value = decoded(halves.next().unwrap_or_default());
            let name = String::from_utf8_lossy(&name).into_owned();
            if self.bytes(&name).is_none() {
                self.0.push((name, value));
            }
        }
    }

    /// Puts texts into the bytes of a charset.
    pub(crate) fn write(
        pairs: impl IntoIterator<Item = (impl Into<String>, String)>,
        charset: &'static Encoding,
    ) -> Self {
        let pairs = pairs.into_iter().map(|(name, text)| {
            let (bytes, _, _) = charset.encode(&text);
            (name.into(), bytes.into_owned())
        });
        Self(pairs.collect())
    }

    pub(crate) fn push(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value.into_bytes()));
    }

    /// The bytes of a value.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Changes the value of a name that is there.
    pub(crate) fn replace(&mut self, name: &str, value: &str) {
        for (_, old) in self.0.iter_mut().filter(|(other, _)| other == name) {
            *old = value.as_bytes().to_vec();
        }
    }

    /// A value as text, in the charset that these pairs name; nothing where it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.bytes(name).filter(|bytes| !bytes.is_empty())?;
        let (text, _, _) = self.charset().decode(bytes);
        Some(text.into_owned())
    }

    /// The charset that these pairs name; UTF-8 where they name none that is known.
    pub(crate) fn charset(&self) -> &'static Encoding {
        self.bytes("charset").map_or(UTF_8, charset)
    }

    /// The text that a signature covers: all pairs with a value but the ones left out, sorted.
    pub(crate) fn signed_text(&self, left_out: &[&str]) -> Vec<u8> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .filter(|(name, value)| !value.is_empty() && !left_out.contains(&name.as_str()))
            .collect();
        pairs.sort();
        let lines: Vec<Vec<u8>> = pairs
            .into_iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
            .collect();
        lines.join(&b'&')
    }

    /// As a query string or a form.
    pub(crate) fn encoded(&self) -> String {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let value = percent_encode(value, FORM).to_string().replace("%20", "+");
            format!("{}={value}", percent_encode(name.as_bytes(), FORM))
        };
        self.0.iter().map(pair).collect::<Vec<_>>().join("&")
    }
}

/// The charset of that name; UTF-8 where it is not known.
pub(crate) fn charset(name: &[u8]) -> &'static Encoding {
    Encoding::for_label(name).unwrap_or(UTF_8)
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}
