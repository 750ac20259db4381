//! The fields of a JSON object, taken out one by one; whatever is wrong with them is noted, not
//! returned, so that all of it can be told together.

use serde_json::{Map, Value};

use crate::http::problem::{Flaw, Problem};

/// What is wrong with a request, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Flaws(Vec<Flaw>);

impl From<Vec<Flaw>> for Flaws {
    fn from(flaws: Vec<Flaw>) -> Self {
        Self(flaws)
    }
}

impl Flaws {
    /// Notes a flaw.
    pub(crate) fn note(&mut self, pointer: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Flaw::new(pointer, reason));
    }

    /// The value of a field or parameter, or a note of why there is none.
    pub(crate) fn check<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        checked: Result<T, E>,
    ) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(reason) => {
                self.note(pointer, reason.to_string());
                None
            }
        }
    }

    /// The request's content, where nothing is wrong with it.
    pub(crate) fn into_result<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::invalid(self.0)),
        }
    }
}

/// An object's fields that nobody has asked for yet.
pub(crate) struct Fields<'a> {
    object: &'a mut Map<String, Value>,
    pointer: &'a str,
}

impl<'a> Fields<'a> {
    /// The fields of the object at `pointer`.
    pub(crate) fn new(object: &'a mut Map<String, Value>, pointer: &'a str) -> Self {
        Self { object, pointer }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        flaws: &mut Flaws,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        let pointer = self.at(name);
        match self.object.remove(name) {
            Some(value) => flaws.check(&pointer, read(value)),
            None => {
                flaws.note(pointer, "is missing");
                None
            }
        }
    }

    /// A field that may be absent. `None` where it is wrong, `Some(None)` where it is absent or null.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        flaws: &mut Flaws,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => flaws.check(&self.at(name), read(value)).map(Some),
        }
    }

    /// An object that must be there.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        flaws: &mut Flaws,
        read: impl FnOnce(&mut Fields<'_>, &mut Flaws) -> Option<T>,
    ) -> Option<T> {
        let mut object = self.required(name, flaws, an_object)?;
        let pointer = self.at(name);
        let mut fields = Fields::new(&mut object, &pointer);
        let value = read(&mut fields, flaws);
        fields.finish(flaws);
        value
    }

    /// Notes every field that nobody asked for.
    pub(super) fn finish(&self, flaws: &mut Flaws) {
        for name in self.object.keys() {
            flaws.note(
                self.at(&name.replace('~', "~0").replace('/', "~1")),
                "is not known",
            );
        }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }
}

/// A value that must be text.
pub(crate) fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("must be a string".to_owned())
        }
    }
}

/// Text of `least` to `most` characters, none of them a control character.
pub(crate) fn line(least: usize, most: usize) -> impl FnOnce(Value) -> Result<String, String> {
    move |value| {
        let text = text(value)?;
        if (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(text)
        } else {
            Err(format!(
                "must have {least} to {most} characters, no control characters among them"
            ))
        }
    }
}

/// An integer within bounds.
pub(crate) fn integer(least: i64, most: i64) -> impl FnOnce(Value) -> Result<i64, String> {
    move |value| {
        value
            .as_i64()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("must be an integer from {least} to {most}"))
    }
}

/// True or false.
pub(crate) fn truth(value: Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "must be true or false".to_owned())
}

/// An object.
pub(crate) fn an_object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("must be an object".to_owned())
        }
    }
}

/// Text that names one of several things.
pub(crate) fn named<T>(
    from_name: impl FnOnce(&str) -> Option<T>,
    names: String,
) -> impl FnOnce(Value) -> Result<T, String> {
    move |value| from_name(&text(value)?).ok_or_else(|| format!("must be one of {names}"))
}
