//! The names that callers and gateways give to things, each made only through a constructor that
//! checks its grammar. What a gateway says has the gateway's wider grammar; what callers name has ours.

use std::fmt;
use std::sync::Arc;

use crate::exception::ExceptionId;

/// A name that does not follow its grammar: what it was to be, and what the grammar asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {expected}")]
pub struct InvalidName {
    /// The kind of name, for a reader.
    pub what: &'static str,
    /// The grammar, in words.
    pub expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            fn checked(text: &str, expected: &'static str, len: std::ops::RangeInclusive<usize>, grammar: impl Fn(u8) -> bool) -> Result<Self, InvalidName> {
                if len.contains(&text.len()) && text.bytes().all(grammar) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(InvalidName { what: $what, expected })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_or_dash(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

name!(
    /// The shop's name for an order.
    OrderNo, "order_no"
);

impl OrderNo {
    /// 1 to 64 of `0-9A-Za-z_-`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        Self::checked(
            text,
            "1 to 64 characters of 0-9A-Za-z_-",
            1..=64,
            is_word_or_dash,
        )
    }
}

name!(
    /// The name of an account in the configuration; it goes into the notify and return URLs.
    AccountName, "account"
);

impl AccountName {
    /// 1 to 32 of `a-z0-9_`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        Self::checked(text, "1 to 32 characters of a-z0-9_", 1..=32, |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
        })
    }
}

name!(
    /// The merchant's number of one payment at its gateway, unique within its account.
    OutTradeNo, "out_trade_no"
);

impl OutTradeNo {
    /// What either gateway may say: 1 to 64 of ``0-9A-Za-z_-|*``.
    pub fn from_gateway(text: &str) -> Result<Self, InvalidName> {
        Self::checked(
            text,
            "1 to 64 characters of 0-9A-Za-z_-|*",
            1..=64,
            |byte| is_word_or_dash(byte) || byte == b'|' || byte == b'*',
        )
    }

    /// What a caller may name a payment that payfold starts: 6 to 32 of `0-9A-Za-z_`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        Self::checked(text, "6 to 32 characters of 0-9A-Za-z_", 6..=32, is_word)
    }

    /// What a caller may name a payment that the shop starts itself, by what `gateway` takes:
    /// Alipay 1 to 64 of `0-9A-Za-z_-`, WeChat Pay 6 to 32 of ``0-9A-Za-z_-|*``.
    pub fn external(gateway: Gateway, text: &str) -> Result<Self, InvalidName> {
        match gateway {
            Gateway::Alipay => Self::checked(
                text,
                "1 to 64 characters of 0-9A-Za-z_-",
                1..=64,
                is_word_or_dash,
            ),
            Gateway::WechatPay => Self::checked(
                text,
                "6 to 32 characters of 0-9A-Za-z_-|*",
                6..=32,
                |byte| is_word_or_dash(byte) || byte == b'|' || byte == b'*',
            ),
        }
    }
}

name!(
    /// The number of a refund, unique within its account.
    RefundNo, "refund_no"
);

impl RefundNo {
    /// What either gateway may say: 1 to 64 of `0-9A-Za-z_-|*@`.
    pub fn from_gateway(text: &str) -> Result<Self, InvalidName> {
        Self::checked(
            text,
            "1 to 64 characters of 0-9A-Za-z_-|*@",
            1..=64,
            |byte| is_word_or_dash(byte) || matches!(byte, b'|' | b'*' | b'@'),
        )
    }

    /// What a caller may name a refund: 1 to 64 of `0-9A-Za-z_-`, not starting with `pf-`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        const EXPECTED: &str = "1 to 64 characters of 0-9A-Za-z_-, not starting with pf-";
        if text.starts_with("pf-") {
            return Err(InvalidName {
                what: "refund_no",
                expected: EXPECTED,
            });
        }
        Self::checked(text, EXPECTED, 1..=64, is_word_or_dash)
    }

    /// The number of the refund that an exception's decision makes at that try. It follows the
    /// grammar, for an exception's id is 32 digits.
    pub(crate) fn of_decision(exception: &ExceptionId, attempt: u32) -> Self {
        Self(Arc::from(format!("pf-{exception}-{attempt}")))
    }
}

name!(
    /// The gateway's number of money that moved.
    TransactionId, "transaction_id"
);

impl TransactionId {
    /// 1 to 64 of `0-9A-Za-z_-`; Alipay and WeChat Pay both give digits.
    pub fn from_gateway(text: &str) -> Result<Self, InvalidName> {
        Self::checked(
            text,
            "1 to 64 characters of 0-9A-Za-z_-",
            1..=64,
            is_word_or_dash,
        )
    }
}

name!(
    /// The gateway's id of an application of the merchant.
    AppId, "app_id"
);

impl AppId {
    /// 1 to 32 of `0-9A-Za-z_-`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        Self::checked(
            text,
            "1 to 32 characters of 0-9A-Za-z_-",
            1..=32,
            is_word_or_dash,
        )
    }
}

/// A gateway that payfold speaks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gateway {
    /// Alipay Open Platform (`gateway.do`).
    Alipay,
    /// WeChat Pay, v3 and v2.
    WechatPay,
}

impl Gateway {
    /// The gateway's name in configuration, events and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::WechatPay => "wechatpay",
        }
    }
}

/// How a payment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Alipay's cashier page on a computer.
    AlipayPage,
    /// Alipay's cashier page on a phone.
    AlipayWap,
    /// Alipay inside the shop's app.
    AlipayApp,
    /// Alipay inside a page in the Alipay app.
    AlipayJsapi,
    /// A QR code that the buyer scans with Alipay.
    AlipayQr,
    /// A QR code that the buyer scans with WeChat.
    WechatpayNative,
    /// A page inside WeChat.
    WechatpayJsapi,
    /// A WeChat mini program.
    WechatpayMini,
    /// A phone's browser outside WeChat.
    WechatpayH5,
    /// WeChat Pay inside the shop's app.
    WechatpayApp,
    /// Started by the shop with its own code.
    External,
    /// Money whose payment nobody named here.
    Unknown,
}

impl Method {
    /// Every method, in the order of the contract; `Unknown` last.
    pub const ALL: [Self; 12] = [
        Self::AlipayPage,
        Self::AlipayWap,
        Self::AlipayApp,
        Self::AlipayJsapi,
        Self::AlipayQr,
        Self::WechatpayNative,
        Self::WechatpayJsapi,
        Self::WechatpayMini,
        Self::WechatpayH5,
        Self::WechatpayApp,
        Self::External,
        Self::Unknown,
    ];

    /// The method's name in requests, events and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlipayPage => "alipay.page",
            Self::AlipayWap => "alipay.wap",
            Self::AlipayApp => "alipay.app",
            Self::AlipayJsapi => "alipay.jsapi",
            Self::AlipayQr => "alipay.qr",
            Self::WechatpayNative => "wechatpay.native",
            Self::WechatpayJsapi => "wechatpay.jsapi",
            Self::WechatpayMini => "wechatpay.mini",
            Self::WechatpayH5 => "wechatpay.h5",
            Self::WechatpayApp => "wechatpay.app",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }

    /// The method of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// One payment (an attempt to pay) of one account: the key by which a gateway speaks of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentRef {
    /// The account it was started in.
    pub account: AccountName,
    /// Its number within that account.
    pub out_trade_no: OutTradeNo,
}
