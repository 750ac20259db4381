//! Reads one table of the configuration key by key, and collects every problem instead of stopping
//! at the first.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it stands in, or that it names.
    pub file: PathBuf,
    /// The key, as a dotted path.
    pub key: String,
    /// What was found, and what was expected.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file.display(), self.key, self.what)
    }
}

/// What reading has found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Everything that is wrong.
    pub(crate) problems: Vec<Problem>,
    /// The keys whose files hold keys that a sandbox made.
    pub(crate) sandbox_keys: Vec<String>,
}

/// A table, on its way to being read whole.
pub(crate) struct Section<'a> {
    file: &'a Path,
    path: String,
    table: &'a Table,
    known: RefCell<BTreeSet<String>>,
    findings: &'a RefCell<Findings>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(crate) fn root(file: &'a Path, table: &'a Table, findings: &'a RefCell<Findings>) -> Self {
        Self {
            file,
            path: String::new(),
            table,
            known: RefCell::default(),
            findings,
        }
    }

    /// The table under a key, if it is there.
    pub(crate) fn section(&self, key: &str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        self.named(&self.key(key), value)
    }

    /// The tables under a key, by their names or their numbers.
    pub(crate) fn sections(&self, key: &str) -> Vec<(String, Section<'a>)> {
        let path = self.key(key);
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let below = |name: String, value| {
            let section = self.named(&format!("{path}.{name}"), value)?;
            Some((name, section))
        };
        match (value.as_table(), value.as_array()) {
            (Some(table), _) => table
                .iter()
                .filter_map(|(name, value)| below(name.clone(), value))
                .collect(),
            (None, Some(values)) => values
                .iter()
                .enumerate()
                .filter_map(|(at, value)| below(at.to_string(), value))
                .collect(),
            (None, None) => {
                self.expected(key, value, "tables");
                Vec::new()
            }
        }
    }

    fn named(&self, path: &str, value: &'a Value) -> Option<Section<'a>> {
        let table = value.as_table();
        if table.is_none() {
            self.note(
                path.to_owned(),
                format!("found {}, expected a table", value.type_str()),
            );
        }
        table.map(|table| self.below(path.to_owned(), table))
    }

    fn below(&self, path: String, table: &'a Table) -> Section<'a> {
        Section {
            file: self.file,
            path,
            table,
            known: RefCell::default(),
            findings: self.findings,
        }
    }

    /// A text, if it is there.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        let value = self.value(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.expected(key, value, "a text");
        }
        text
    }

    /// A text that has to be there.
    pub(crate) fn required(&self, key: &str, expected: &str) -> Option<&'a str> {
        if self.table.contains_key(key) {
            return self.text(key);
        }
        self.problem(key, format!("missing; expected {expected}"));
        None
    }

    /// A text, read further by `read`; `None` from it is a problem.
    pub(crate) fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let value = read(text);
        if value.is_none() {
            self.problem(key, format!("found {text:?}, expected {expected}"));
        }
        value
    }

    /// Texts, none where the key is absent.
    pub(crate) fn texts(&self, key: &str) -> Vec<&'a str> {
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(values)) if values.iter().all(Value::is_str) => {
                values.iter().filter_map(Value::as_str).collect()
            }
            Some(other) => {
                self.expected(key, other, "a list of texts");
                Vec::new()
            }
        }
    }

    /// Every key of the table, which all have to be texts.
    pub(crate) fn all_texts(&self) -> BTreeMap<String, String> {
        let text = |key: &'a String| Some((key.clone(), self.text(key)?.to_owned()));
        self.table.keys().filter_map(text).collect()
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        match self.value(key) {
            None => false,
            Some(Value::Boolean(on)) => *on,
            Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
            Some(other) => {
                self.expected(key, other, "true or false");
                false
            }
        }
    }

    /// An address to listen on.
    pub(crate) fn address(&self, key: &str) -> Option<SocketAddr> {
        self.read(key, "an address and port, such as 127.0.0.1:8080", |text| {
            text.parse().ok()
        })
    }

    /// A path, relative to the file.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(|text| self.beside(text))
    }

    /// The text of a file that a key names, if the key is there.
    pub(crate) fn file(&self, key: &str) -> Option<String> {
        self.file_at(key, &self.path(key)?)
    }

    /// The texts of the files that a key names.
    pub(crate) fn files(&self, key: &str) -> Vec<String> {
        self.texts(key)
            .into_iter()
            .filter_map(|text| self.file_at(key, &self.beside(text)))
            .collect()
    }

    fn file_at(&self, key: &str, path: &Path) -> Option<String> {
        match std::fs::read(path) {
            Ok(bytes) => self.key_text(key, path, bytes),
            Err(error) => {
                self.problem(key, format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    }

    fn key_text(&self, key: &str, path: &Path, bytes: Vec<u8>) -> Option<String> {
        if payfold_sandbox::is_sandbox_key(&bytes) {
            self.findings.borrow_mut().sandbox_keys.push(self.key(key));
        }
        let text = String::from_utf8(bytes);
        if text.is_err() {
            self.problem(key, format!("{} is not text", path.display()));
        }
        text.ok()
    }

    fn beside(&self, text: &str) -> PathBuf {
        self.file
            .parent()
            .unwrap_or_else(|| Path::new("."))
            .join(text)
    }

    /// Whether a table lies under the key.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        matches!(self.value(key), Some(Value::Table(_)))
    }

    /// Notes that something is wrong with a key.
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>) {
        self.note(self.key(key), what.into());
    }

    /// Whether something is wrong with a key.
    pub(crate) fn is_wrong(&self, key: &str) -> bool {
        let (key, findings) = (self.key(key), self.findings.borrow());
        findings.problems.iter().any(|problem| problem.key == key)
    }

    fn note(&self, key: String, what: String) {
        let problem = Problem {
            file: self.file.to_owned(),
            key,
            what,
        };
        self.findings.borrow_mut().problems.push(problem);
    }

    /// Notes every key that a sandbox made: whoever has the sandbox's folder could forge with it.
    pub(crate) fn refuse_sandbox_keys(&self) {
        let keys = std::mem::take(&mut self.findings.borrow_mut().sandbox_keys);
        for key in keys {
            self.problem(&key, "a key that a sandbox made, expected the gateway's own, because server.public_url is not a loopback address");
        }
    }

    /// Notes every key that nothing asked for.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(*key)) {
            let expected: Vec<&str> = known.iter().map(String::as_str).collect();
            self.problem(
                key,
                format!("unknown key; expected one of {}", expected.join(", ")),
            );
        }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.known.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn expected(&self, key: &str, found: &Value, expected: &str) {
        self.problem(
            key,
            format!("found {}, expected {expected}", found.type_str()),
        );
    }

    fn key(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }
}
