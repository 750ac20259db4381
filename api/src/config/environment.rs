//! Overrides from the environment: `PAYFOLD__SECTION__KEY` stands for the key of that section.

use toml::{Table, Value};

/// What every such variable starts with.
const PREFIX: &str = "PAYFOLD__";

/// Puts the overrides into the configuration. A value that reads as TOML (`["a"]`, `true`) is that;
/// any other is a text, as is one that reads as a number, because no key of the configuration is one.
pub(crate) fn override_by(table: &mut Table, variables: impl Iterator<Item = (String, String)>) {
    for (name, text) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path = path.to_ascii_lowercase();
        let keys: Vec<&str> = path.split("__").collect();
        if let Some((last, sections)) = keys.split_last() {
            put(table, sections, last, value(&text));
        }
    }
}

fn put(table: &mut Table, sections: &[&str], key: &str, value: Value) {
    match sections.split_first() {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, deeper)) => {
            let below = table
                .entry(*section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(below) = below {
                put(below, deeper, key, value);
            }
        }
    }
}

fn value(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"));
    match read {
        Some(structured @ (Value::Array(_) | Value::Table(_) | Value::Boolean(_))) => structured,
        Some(Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_))
        | None => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_overrides_the_key_it_names() {
        let mut table: Table = toml::from_str("[server]\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let variables = [
            ("PAYFOLD__SERVER__LISTEN", "127.0.0.1:2"),
            ("PAYFOLD__ACCOUNTS__ALI__APP_ID", "2021"),
            ("PAYFOLD__SERVER__CORS_ORIGINS", "[\"https://a\"]"),
            ("HOME", "/root"),
        ];
        override_by(
            &mut table,
            variables
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.to_owned())),
        );
        let expected: Table = toml::from_str(
            "[server]\nlisten = \"127.0.0.1:2\"\ncors_origins = [\"https://a\"]\n[accounts.ali]\napp_id = \"2021\"\n",
        )
        .unwrap();
        assert_eq!(table, expected);
    }
}
