//! The members of a JSON object as they stand in its text: each name once, each value's bytes as
//! received, for Alipay signs those. What the members mean is for the callers.

use std::borrow::Cow;
use std::fmt;

use payfold_domain::{Money, OutTradeNo, Timestamp};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Refusal, grammar};

/// A JSON object's members.
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Ample: an answer has some thirty members.
const MAX_MEMBERS: usize = 256;

impl<'a> Members<'a> {
    /// Of a text that is one JSON object.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|_error| Refusal::AnswerUnreadable {
            expected: "a JSON object of at most 256 members, each name once",
        })
    }

    /// Each name, and its value as it stands in the text, in the order of the text.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }

    /// The text of a member; none where it is absent, `null` or blank.
    pub(super) fn optional_text(
        &self,
        field: &'static str,
    ) -> Result<Option<Cow<'a, str>>, Refusal> {
        let value = self.iter().find(|(name, _)| *name == field);
        let Some((_, value)) = value.filter(|(_, value)| *value != "null") else {
            return Ok(None);
        };
        let Text(text) = serde_json::from_str(value).map_err(|_error| Refusal::Malformed {
            field,
            expected: "text",
        })?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// The text of a member that must be there.
    pub(super) fn text(&self, field: &'static str) -> Result<Cow<'a, str>, Refusal> {
        self.optional_text(field)?
            .ok_or(Refusal::FieldMissing(field))
    }

    /// A text that is handed on as it is.
    pub(super) fn short_text(&self, field: &'static str) -> Result<String, Refusal> {
        let text = self.text(field)?;
        if text.len() <= 2048 {
            Ok(text.into_owned())
        } else {
            Err(Refusal::Malformed {
                field,
                expected: "at most 2048 bytes",
            })
        }
    }

    /// An amount in yuan that must be there.
    pub(super) fn amount(&self, field: &'static str) -> Result<Money, Refusal> {
        grammar::amount(field, self.text(field)?.as_bytes())
    }

    /// An amount in yuan.
    pub(super) fn optional_amount(&self, field: &'static str) -> Result<Option<Money>, Refusal> {
        self.optional_text(field)?
            .map(|text| grammar::amount(field, text.as_bytes()))
            .transpose()
    }

    /// A time, Beijing's.
    pub(super) fn time(&self, field: &'static str) -> Result<Option<Timestamp>, Refusal> {
        self.optional_text(field)?
            .map(|text| grammar::time(field, text.as_bytes()))
            .transpose()
    }

    /// Whether it speaks of that payment.
    pub(super) fn check_is_of(&self, out_trade_no: &OutTradeNo) -> Result<(), Refusal> {
        if self.text("out_trade_no")? == out_trade_no.as_str() {
            Ok(())
        } else {
            Err(Refusal::NotAsked {
                field: "out_trade_no",
            })
        }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with each name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(32);
        while let Some((Text(name), value)) = entries.next_entry()? {
            if members.len() == MAX_MEMBERS {
                return Err(de::Error::custom("too many members"));
            }
            if members.iter().any(|(other, _)| *other == name) {
                return Err(de::Error::custom("a name came twice"));
            }
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// A JSON string, borrowed where it holds no escape.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}
