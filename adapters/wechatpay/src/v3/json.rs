//! Strict reading of the gateway's JSON: no name twice in any object, integers that are integers, and
//! fields by name with what was expected of them. What the fields mean is for the callers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::Refusal;
use crate::grammar::malformed;

/// A JSON value, borrowed from its text where it can be.
#[derive(Debug)]
pub(crate) enum Json<'a> {
    Null,
    Bool,
    /// A number written as an integer that 64 bits hold.
    Integer(i64),
    /// Any other number.
    OtherNumber,
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object, each name once.
#[derive(Debug)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Reads `text` as one JSON object; `what` names it in the refusal.
pub(crate) fn parse<'a>(text: &'a [u8], what: &'static str) -> Result<Object<'a>, Refusal> {
    match serde_json::from_slice(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(malformed(what, "a JSON object, each name once")),
    }
}

impl Object<'_> {
    fn get(&self, name: &str) -> Option<&Json<'_>> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
            .filter(|value| !matches!(value, Json::Null))
    }

    /// The text of a field; `field` is its whole path, for the refusal.
    pub(crate) fn text(&self, name: &str, field: &'static str) -> Result<&str, Refusal> {
        self.optional_text(name, field)?
            .ok_or(malformed(field, "text"))
    }

    /// The text of a field that may be absent or `null`.
    pub(crate) fn optional_text(
        &self,
        name: &str,
        field: &'static str,
    ) -> Result<Option<&str>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(malformed(field, "text")),
        }
    }

    /// An amount in fen: a JSON integer from `least` to 99,999,999,999.
    pub(crate) fn optional_fen(
        &self,
        name: &str,
        field: &'static str,
        least: i64,
    ) -> Result<Option<i64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Integer(fen)) if (least..=99_999_999_999).contains(fen) => Ok(Some(*fen)),
            Some(_) => Err(malformed(field, "an integer amount in fen")),
        }
    }

    /// The objects of a field that is a list of them.
    pub(crate) fn objects(
        &self,
        name: &str,
        field: &'static str,
    ) -> Result<Vec<&Object<'_>>, Refusal> {
        let expected = malformed(field, "a list of objects");
        let Some(Json::List(items)) = self.get(name) else {
            return Err(expected);
        };
        let mut objects = Vec::with_capacity(items.len());
        for item in items {
            let Json::Object(object) = item else {
                return Err(expected);
            };
            objects.push(object);
        }
        Ok(objects)
    }

    pub(crate) fn optional_object(
        &self,
        name: &str,
        field: &'static str,
    ) -> Result<Option<&Object<'_>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Object(object)) => Ok(Some(object)),
            Some(_) => Err(malformed(field, "an object")),
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with each name once in an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, _value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E: de::Error>(self, _value: f64) -> Result<Json<'de>, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, Json<'de>)> = Vec::with_capacity(16);
        while let Some((Name(name), value)) = entries.next_entry()? {
            fields.push((name, value));
        }
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if fields
            .array_windows()
            .any(|[(one, _), (other, _)]| one == other)
        {
            return Err(de::Error::custom("a name came twice in an object"));
        }
        Ok(Json::Object(Object(fields)))
    }
}

/// A field's name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}
