//! The fields that events are made of, as they stand in JSON: names and choices as plain strings,
//! instants in RFC 3339, money as currency and minor unit. Reading a field checks its grammar, so a
//! decoded event holds nothing that its types do not allow.

use std::fmt;
use std::marker::PhantomData;

use payfold_domain::event::{BillDifference, Fulfilment, NumberOwner, ParcelPlace, Staleness};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction};
use payfold_domain::{
    AccountName, AppId, Currency, Gateway, InvalidName, Method, Money, OrderNo, OutTradeNo,
    PaymentRef, RefundNo, Source, Timestamp, TransactionId,
};
use serde::de::{Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::instant;

/// A value that is one string in JSON.
#[derive(Clone)]
pub(super) struct Text<T>(pub(super) T);

/// What [`Text`] asks of its value.
pub(super) trait Spelled: Sized {
    /// The string.
    fn spelling(&self) -> &str;

    /// The value of that string, or what the string had to be.
    fn read(text: &str) -> Result<Self, String>;
}

impl<T: Spelled> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.spelling())
    }
}

impl<'de, T: Spelled> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Spelled> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text<T>, E> {
        T::read(text).map(Text).map_err(E::custom)
    }
}

macro_rules! spelled_names {
    ($($name:ident by $read:path),+ $(,)?) => {$(
        impl Spelled for $name {
            fn spelling(&self) -> &str {
                self.as_str()
            }

            fn read(text: &str) -> Result<Self, String> {
                $read(text).map_err(|invalid: InvalidName| format!("{invalid}, found {text:?}"))
            }
        }
    )+};
}

spelled_names!(
    AccountName by AccountName::new,
    AppId by AppId::new,
    ExceptionId by ExceptionId::parse,
    OrderNo by OrderNo::new,
    OutTradeNo by OutTradeNo::from_gateway,
    RefundNo by RefundNo::from_gateway,
    TransactionId by TransactionId::from_gateway,
);

macro_rules! spelled_by_name {
    ($($name:ident by $read:path),+ $(,)?) => {$(
        impl Spelled for $name {
            fn spelling(&self) -> &str {
                self.as_str()
            }

            fn read(text: &str) -> Result<Self, String> {
                $read(text).ok_or_else(|| {
                    format!(concat!("{:?} is no ", stringify!($name)), text)
                })
            }
        }
    )+};
}

spelled_by_name!(
    Currency by Currency::new,
    ExceptionKind by ExceptionKind::from_name,
    Method by Method::from_name,
    ResolutionAction by ResolutionAction::from_name,
);

/// A choice whose spellings are listed here, once for both directions.
macro_rules! spelled_choice {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $crate::codec::field::Spelled for $name {
            fn spelling(&self) -> &str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            fn read(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(format!(
                        concat!("{:?} is none of", $(" ", $text),+),
                        other,
                    )),
                }
            }
        }
    };
}
pub(super) use spelled_choice;

spelled_choice!(Gateway { Alipay = "alipay", WechatPay = "wechatpay" });
spelled_choice!(Source { Notify = "notify", Query = "query", Bill = "bill" });
spelled_choice!(Fulfilment { Ship = "ship", None = "none" });
spelled_choice!(ParcelPlace { Last = "last", MoreFollow = "more_follow" });
spelled_choice!(NumberOwner { Payment = "payment", Another = "another" });
spelled_choice!(Staleness { Repeat = "repeat", OlderNews = "older_news" });
spelled_choice!(BillDifference {
    MissingHere = "missing_here",
    MissingThere = "missing_there",
    OtherAmount = "other_amount",
    OtherState = "other_state",
});

/// An instant, in RFC 3339 UTC with microseconds.
pub(super) struct Instant(pub(super) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = instant::write(self.0)
            .ok_or_else(|| S::Error::custom("an instant outside the years 0000 to 9999"))?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(InstantVisitor)
    }
}

struct InstantVisitor;

impl Visitor<'_> for InstantVisitor {
    type Value = Instant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instant in RFC 3339 UTC with microseconds")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Instant, E> {
        instant::read(text)
            .map(Instant)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// An amount of money.
#[derive(Serialize, Deserialize)]
pub(super) struct Amount {
    currency: Text<Currency>,
    minor: i64,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            currency: Text(money.currency),
            minor: money.minor,
        }
    }
}

impl Amount {
    /// The amount of money.
    pub(super) fn money(&self) -> Money {
        Money {
            minor: self.minor,
            currency: self.currency.0,
        }
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        amount.money()
    }
}

/// SHA-256 as 64 hexadecimal digits.
pub(super) struct Digest(pub(super) [u8; 32]);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hex::write(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::hex::read(&text)
            .map(Digest)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not 64 digits of 0-9a-f")))
    }
}

/// A payment's name out of the two fields that it stands in.
pub(super) fn payment(account: Text<AccountName>, out_trade_no: Text<OutTradeNo>) -> PaymentRef {
    PaymentRef {
        account: account.0,
        out_trade_no: out_trade_no.0,
    }
}

/// An optional string field.
pub(super) fn text<T: Clone>(value: Option<&T>) -> Option<Text<T>> {
    value.cloned().map(Text)
}

/// The value of an optional string field.
pub(super) fn plain<T>(field: Option<Text<T>>) -> Option<T> {
    field.map(|text| text.0)
}
