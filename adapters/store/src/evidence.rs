//! The raw message that events rest on, as bytes: what came, by which way, and the headers that its
//! signature covers, exactly enough to verify it again.

use bytes::Bytes;
use payfold_domain::{AccountName, Timestamp};

/// The first byte of every encoded message; another form has another.
const FORMAT: u8 = 1;

/// By which way a message came, and so how it is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Alipay's notify: a signed form.
    AlipayNotify,
    /// What the buyer's browser brought back from Alipay: a signed query string.
    AlipayReturn,
    /// Alipay's answer to a call: JSON with its signature inside.
    AlipayAnswer,
    /// WeChat Pay's v3 notify: JSON, signed by its headers.
    WechatPayV3Notify,
    /// WeChat Pay's v3 answer to a call: JSON, signed by its headers.
    WechatPayV3Answer,
    /// WeChat Pay's v2 notify: XML, signed inside or encrypted.
    WechatPayV2Notify,
}

impl Channel {
    const ALL: [Self; 6] = [
        Self::AlipayNotify,
        Self::AlipayReturn,
        Self::AlipayAnswer,
        Self::WechatPayV3Notify,
        Self::WechatPayV3Answer,
        Self::WechatPayV2Notify,
    ];

    fn code(self) -> u8 {
        match self {
            Self::AlipayNotify => 1,
            Self::AlipayReturn => 2,
            Self::AlipayAnswer => 3,
            Self::WechatPayV3Notify => 4,
            Self::WechatPayV3Answer => 5,
            Self::WechatPayV2Notify => 6,
        }
    }
}

/// A raw message of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceMessage {
    /// By which way it came.
    pub channel: Channel,
    /// The account that took it.
    pub account: AccountName,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The headers that its signature covers, by lower-case name; empty where only the body is signed.
    pub headers: Vec<(String, String)>,
    /// Its bytes as they came (of a return, the query string).
    pub body: Bytes,
}

/// Stored evidence that this binary cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading evidence: {expected} expected at byte {at} of {len}")]
pub struct EvidenceError {
    expected: &'static str,
    at: usize,
    len: usize,
}

impl EvidenceMessage {
    /// The message as bytes: format 1, channel 1, received at (microseconds) 8, account, number of
    /// headers 8, name and value of each, body; texts and body behind their length in 8 bytes;
    /// numbers big-endian.
    pub fn encode(&self) -> Bytes {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| 16 + name.len() + value.len())
            .sum();
        let len = 34 + self.account.as_str().len() + headers + self.body.len();
        let mut bytes = Vec::with_capacity(len);
        bytes.push(FORMAT);
        bytes.push(self.channel.code());
        bytes.extend_from_slice(&self.received_at.as_micros().to_be_bytes());
        put(&mut bytes, self.account.as_str().as_bytes());
        bytes.extend_from_slice(&count(self.headers.len()));
        for (name, value) in &self.headers {
            put(&mut bytes, name.as_bytes());
            put(&mut bytes, value.as_bytes());
        }
        put(&mut bytes, &self.body);
        Bytes::from(bytes)
    }

    /// The message of bytes that [`EvidenceMessage::encode`] made.
    pub fn decode(bytes: &Bytes) -> Result<Self, EvidenceError> {
        let mut reader = Reader { bytes, at: 0 };
        let format = reader.byte("the format")?;
        if format != FORMAT {
            return Err(reader.error("format 1, the only one this payfold reads,"));
        }
        let code = reader.byte("the channel")?;
        let channel = Channel::ALL
            .into_iter()
            .find(|channel| channel.code() == code)
            .ok_or_else(|| reader.error("a known channel"))?;
        let received_at = Timestamp::from_micros(i64::from_be_bytes(reader.array("the time")?));
        let account = AccountName::new(&reader.text("the account")?)
            .map_err(|invalid| reader.error(invalid.expected))?;
        let mut headers = Vec::new();
        for _ in 0..u64::from_be_bytes(reader.array("the number of headers")?) {
            headers.push((
                reader.text("a header's name")?,
                reader.text("a header's value")?,
            ));
        }
        let body = reader.bytes("the body")?;
        if reader.at != bytes.len() {
            return Err(reader.error("the end"));
        }
        Ok(Self {
            channel,
            account,
            received_at,
            headers,
            body,
        })
    }
}

fn put(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.extend_from_slice(&count(field.len()));
    bytes.extend_from_slice(field);
}

fn count(len: usize) -> [u8; 8] {
    u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes()
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> EvidenceError {
        EvidenceError {
            expected,
            at: self.at,
            len: self.bytes.len(),
        }
    }

    fn take(&mut self, len: usize, expected: &'static str) -> Result<Bytes, EvidenceError> {
        let end = self
            .at
            .checked_add(len)
            .filter(|end| *end <= self.bytes.len())
            .ok_or_else(|| self.error(expected))?;
        let taken = self.bytes.slice(self.at..end);
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], EvidenceError> {
        let taken = self.take(N, expected)?;
        taken
            .first_chunk()
            .copied()
            .ok_or_else(|| self.error(expected))
    }

    fn byte(&mut self, expected: &'static str) -> Result<u8, EvidenceError> {
        let [byte] = self.array(expected)?;
        Ok(byte)
    }

    fn bytes(&mut self, expected: &'static str) -> Result<Bytes, EvidenceError> {
        let len = u64::from_be_bytes(self.array(expected)?);
        // What no memory can hold is not there either.
        self.take(usize::try_from(len).unwrap_or(usize::MAX), expected)
    }

    fn text(&mut self, expected: &'static str) -> Result<String, EvidenceError> {
        let start = self.at + 8;
        let bytes = self.bytes(expected)?;
        String::from_utf8(bytes.into()).map_err(|error| EvidenceError {
            expected: "UTF-8",
            at: start + error.utf8_error().valid_up_to(),
            len: self.bytes.len(),
        })
    }
}
