//! JSON text as a tree in which no name stands twice. Which fields there are is not known here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::Flaws;
use crate::http::problem::{Flaw, Kind, Problem};

/// How deep a body may be nested.
const DEPTH: usize = 32;

/// Reads a JSON object; names that stand twice in it, or anywhere below, are noted as flaws.
pub(super) fn object(text: &[u8]) -> Result<(Map<String, Value>, Flaws), Problem> {
    let mut doubled = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(text);
    let seed = Node {
        pointer: String::new(),
        depth: 0,
        doubled: &mut doubled,
    };
    let read = seed
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    let value = match read {
        Ok(value) => value,
        // JSON by its grammar, but with something in it that nobody can take.
        Err(error) if serde_json::from_slice::<&RawValue>(text).is_ok() => {
            return Err(Problem::flaw("", error.to_string()));
        }
        Err(error) => return Err(Problem::new(Kind::Malformed, error.to_string())),
    };
    match value {
        Value::Object(object) => Ok((object, Flaws::from(doubled))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::flaw("", "must be an object"))
        }
    }
}

/// The text of a member of an object, byte for byte.
pub(super) fn member_text(text: &[u8], name: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(text).ok()?;
    members.get(name).map(|raw| raw.get().to_owned())
}

/// A value at a place in the tree.
struct Node<'a> {
    pointer: String,
    depth: usize,
    doubled: &'a mut Vec<Flaw>,
}

impl Node<'_> {
    fn below(&mut self, name: &str) -> Node<'_> {
        let name = name.replace('~', "~0").replace('/', "~1");
        Node {
            pointer: format!("{}/{name}", self.pointer),
            depth: self.depth + 1,
            doubled: self.doubled,
        }
    }

    fn descend<E: Error>(&self) -> Result<(), E> {
        if self.depth < DEPTH {
            Ok(())
        } else {
            Err(E::custom(format_args!("it is nested deeper than {DEPTH}")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.descend()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.below(&array.len().to_string()))? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        self.descend()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let node = self.below(&name);
            if object.contains_key(&name) {
                node.doubled
                    .push(Flaw::new(node.pointer.clone(), "stands twice"));
            }
            let value = members.next_value_seed(node)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
