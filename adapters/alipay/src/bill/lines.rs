//! Lines of a bill, one at a time: bounded, counted, and decoded without guessing.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use encoding_rs::GBK;
use payfold_domain::bill::RefusedBill;

/// How long a line may be, in bytes: the widest rows have some hundreds.
const MOST_LINE_BYTES: u64 = 16 * 1024;

/// How every file of a bill begins.
const FIRST_LINE: &str = "#支付宝";

/// The lines of a file, read one by one.
pub(super) struct Lines<R> {
    reader: R,
    bytes: Vec<u8>,
    number: u64,
    left: u64,
    charset: Charset,
}

/// A line of a bill.
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What stands in it.
    pub(super) text: Cow<'a, str>,
}

/// Alipay writes GBK; a file that a person has opened and saved may be UTF-8.
#[derive(Debug, Clone, Copy)]
enum Charset {
    Gbk,
    Utf8,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, most_bytes: u64) -> Self {
        Self {
            reader,
            bytes: Vec::new(),
            number: 0,
            left: most_bytes,
            charset: Charset::Gbk,
        }
    }

    /// How many lines were read.
    pub(super) fn count(&self) -> u64 {
        self.number
    }

    /// The next line, without its end; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, RefusedBill> {
        if !self.fill()? {
            return Ok(None);
        }
        if self.number == 1 {
            self.charset = Charset::of(&self.bytes);
        }
        match self.charset.decode(&self.bytes) {
            Some(text) => Ok(Some(Line {
                number: self.number,
                text,
            })),
            None => Err(self.refuse("bytes that are no text", "GBK")),
        }
    }

    /// Reads the bytes of the next line; says whether there is one.
    fn fill(&mut self) -> Result<bool, RefusedBill> {
        self.bytes.clear();
        let most = MOST_LINE_BYTES.min(self.left);
        let read = self
            .reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.bytes);
        let read = match read {
            Ok(read) => u64::try_from(read).unwrap_or(u64::MAX),
            Err(error) => return Err(self.refuse(error.to_string(), "the rest of the bill")),
        };
        if read == 0 && most > 0 {
            return Ok(false);
        }
        self.number += 1;
        self.left -= read;
        if self.bytes.last() == Some(&b'\n') {
            self.bytes.pop();
        } else if read == most {
            let found = "a line or a file without end";
            return Err(self.refuse(found, format!("lines of at most {MOST_LINE_BYTES} bytes")));
        }
        if self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
        }
        Ok(true)
    }

    fn refuse(&self, found: impl AsRef<str>, expected: impl Into<String>) -> RefusedBill {
        RefusedBill::new(self.number, found, expected)
    }
}

impl Charset {
    fn of(first_line: &[u8]) -> Self {
        match str::from_utf8(first_line) {
            Ok(line) if without_mark(line).starts_with(FIRST_LINE) => Self::Utf8,
            Ok(_) | Err(_) => Self::Gbk,
        }
    }

    fn decode(self, line: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(line),
            Self::Utf8 => str::from_utf8(line)
                .ok()
                .map(|line| Cow::Borrowed(without_mark(line))),
        }
    }
}

fn without_mark(line: &str) -> &str {
    line.strip_prefix('\u{feff}').unwrap_or(line)
}
