//! Overrides from the environment: `PAYFOLD__SECTION__KEY` stands for the key of that section.

use std::ffi::{OsStr, OsString};

use toml::{Table, Value};

/// What every such variable starts with.
const PREFIX: &str = "PAYFOLD__";

/// An override that stands for nothing in the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The variable's name.
    pub(crate) variable: String,
    /// What was found, and what was expected.
    pub(crate) what: String,
}

/// Puts the overrides into the configuration, and answers with those that have no place in it. The items
/// of a list go by their numbers, from 0. A value that reads as TOML (`["a"]`, `true`) is that; any other
/// is a text, as is one that reads as a number, because no key of the configuration is one.
pub(crate) fn override_by(
    table: &mut Table,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<Misfit> {
    let is_ours = |(name, _): &(OsString, OsString)| {
        let name = name.as_encoded_bytes();
        name.starts_with(PREFIX.as_bytes())
    };
    let mut variables: Vec<_> = variables.filter(is_ours).collect();
    // A whole section before the keys in it, in whichever order the system has them.
    variables.sort_unstable();
    let mut misfits = Vec::new();
    for (name, text) in variables {
        if let Err(what) = override_one(table, &name, &text) {
            let variable = name.to_string_lossy().into_owned();
            misfits.push(Misfit { variable, what });
        }
    }
    misfits
}

fn override_one(table: &mut Table, name: &OsStr, text: &OsStr) -> Result<(), String> {
    let path = name
        .to_str()
        .and_then(|name| name.strip_prefix(PREFIX))
        .map(str::to_ascii_lowercase)
        .ok_or("its name is not UTF-8, expected PAYFOLD__SECTION__KEY")?;
    let text = text.to_str().ok_or("its value is not UTF-8")?;
    let keys: Vec<&str> = path.split("__").collect();
    if keys.contains(&"") {
        return Err("found a name that is empty, expected PAYFOLD__SECTION__KEY".to_owned());
    }
    put(table, &keys, value(text))
}

/// Puts a value where the keys lead.
fn put(table: &mut Table, keys: &[&str], value: Value) -> Result<(), String> {
    let Some((first, deeper)) = keys.split_first() else {
        return Ok(());
    };
    let mut place = in_table(table, first);
    for (depth, key) in deeper.iter().enumerate() {
        let passed = keys.iter().take(depth + 1).copied().collect::<Vec<_>>();
        place = below(place, key, &passed.join("."))?;
    }
    *place = value;
    Ok(())
}

fn in_table<'a>(table: &'a mut Table, key: &str) -> &'a mut Value {
    table
        .entry(key)
        .or_insert_with(|| Value::Table(Table::new()))
}

/// What the key leads to below a value that lies at `path`.
fn below<'a>(above: &'a mut Value, key: &str, path: &str) -> Result<&'a mut Value, String> {
    let kind = above.type_str();
    match above {
        Value::Table(table) => Ok(in_table(table, key)),
        Value::Array(items) => {
            let (index, count) = (key.parse().ok(), items.len());
            let item = index.and_then(|index: usize| items.get_mut(index));
            item.ok_or_else(|| {
                format!("found {key:?} in {path}, expected the number of one of its {count} items, from 0")
            })
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Err(format!(
            "found a key below {path}, expected none, for that is a {kind}"
        )),
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

    fn overridden(table: &mut Table, variables: &[(&str, &str)]) -> Vec<Misfit> {
        let variables = variables.iter();
        let variables = variables.map(|(name, text)| ((*name).into(), (*text).into()));
        override_by(table, variables)
    }

    #[test]
    fn a_variable_overrides_the_key_it_names() {
        let mut table: Table = toml::from_str("[server]\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let misfits = overridden(
            &mut table,
            &[
                ("PAYFOLD__SERVER__LISTEN", "127.0.0.1:2"),
                ("PAYFOLD__ACCOUNTS__ALI__APP_ID", "2021"),
                ("PAYFOLD__SERVER__CORS_ORIGINS", "[\"https://a\"]"),
                ("HOME", "/root"),
            ],
        );
        assert_eq!(misfits, []);
        let expected: Table = toml::from_str(
            "[server]\nlisten = \"127.0.0.1:2\"\ncors_origins = [\"https://a\"]\n[accounts.ali]\napp_id = \"2021\"\n",
        )
        .unwrap();
        assert_eq!(table, expected);
    }

    #[test]
    fn a_variable_overrides_the_item_of_a_list_that_has_its_number() {
        let text = "[[api_keys]]\nname = \"a\"\n[[api_keys]]\nname = \"b\"\n[server]\ncors_origins = [\"x\", \"y\"]\n";
        let mut table: Table = toml::from_str(text).unwrap();
        let misfits = overridden(
            &mut table,
            &[
                // In no order.
                ("PAYFOLD__API_KEYS__1__NAME", "c"),
                ("PAYFOLD__SERVER__CORS_ORIGINS__0", "z"),
                ("PAYFOLD__POLICY__LATE__EXPIRED", "hold"),
                ("PAYFOLD__POLICY", "{ late = { cancelled = \"refund\" } }"),
            ],
        );
        assert_eq!(misfits, []);
        let text = text.replace("\"b\"", "\"c\"").replace("\"x\"", "\"z\"");
        let policy = "[policy.late]\ncancelled = \"refund\"\nexpired = \"hold\"\n";
        let expected: Table = toml::from_str(&(text + policy)).unwrap();
        assert_eq!(table, expected);
    }

    #[test]
    fn a_variable_without_a_place_is_named() {
        let text = "[[api_keys]]\nname = \"a\"\n[server]\nlisten = \"x\"\n";
        let before: Table = toml::from_str(text).unwrap();
        for (name, told) in [
            ("PAYFOLD__API_KEYS__1__NAME", "\"1\" in api_keys"),
            ("PAYFOLD__API_KEYS__FIRST__NAME", "\"first\" in api_keys"),
            ("PAYFOLD__API_KEYS__0__NAME__MORE", "api_keys.0.name"),
            ("PAYFOLD__SERVER__LISTEN__PORT", "server.listen"),
            ("PAYFOLD__SERVER__", "empty"),
            ("PAYFOLD__", "empty"),
        ] {
            let mut table = before.clone();
            let misfits = overridden(&mut table, &[(name, "1")]);
            let [Misfit { variable, what }] = &misfits[..] else {
                panic!("{name}: {misfits:?}");
            };
            assert_eq!(variable, name);
            assert!(what.contains(told), "{name}: {what}");
            assert_eq!(table, before, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_told_of_our_own_variables_alone() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = |text: &str| OsString::from_vec([text.as_bytes(), &[0xff]].concat());
        let mut table = Table::new();
        let variables = [
            (odd("HOME"), odd("")),
            ("SHELL".into(), odd("/bin/")),
            (odd("PAYFOLD__SERVER__"), "x".into()),
            ("PAYFOLD__SERVER__LISTEN".into(), odd("x")),
        ];
        let misfits = override_by(&mut table, variables.into_iter());
        let told: Vec<_> = misfits
            .iter()
            .map(|misfit| misfit.variable.as_str())
            .collect();
        assert_eq!(
            told,
            ["PAYFOLD__SERVER__LISTEN", "PAYFOLD__SERVER__\u{fffd}"]
        );
        assert_eq!(table, Table::new());
    }
}
