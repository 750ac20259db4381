//! What the shop's engineer wrote: one TOML file, overridden by the environment, read whole so that
//! every problem is told at once.

mod account;
mod environment;
mod policy;
mod section;
mod server;

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use payfold_domain::Timestamp;
use toml::Table;

pub use section::Problem;
use section::Section;

use crate::app::{Account, Settings};
use crate::control;

/// A configuration that can be used.
pub struct Config {
    /// Where everything listens.
    pub listen: SocketAddr,
    /// Where only what gateways and buyers reach listens.
    pub public_listen: Option<SocketAddr>,
    /// Where metrics can be read without a key.
    pub metrics_listen: Option<SocketAddr>,
    /// The folder of the sqlite store and of the views.
    pub store_folder: PathBuf,
    /// What is settled for the application.
    pub settings: Settings,
    /// The accounts.
    pub accounts: Vec<Account>,
}

/// A configuration that cannot be used, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Config {
    /// Reads a configuration file and the key files that it names. `now` is what certificates are
    /// judged by.
    pub fn read(
        file: &Path,
        variables: impl Iterator<Item = (OsString, OsString)>,
        now: Timestamp,
    ) -> Result<Self, Problems> {
        let whole = |what: String| {
            Problems(vec![Problem {
                file: file.to_owned(),
                key: "(the file)".to_owned(),
                what,
            }])
        };
        let text = std::fs::read_to_string(file)
            .map_err(|error| whole(format!("cannot be read: {error}")))?;
        let mut table: Table =
            toml::from_str(&text).map_err(|error| whole(not_toml(&text, &error)))?;
        let misfits = environment::override_by(&mut table, variables);
        let findings = RefCell::default();
        let root = Section::root(file, &table, &findings);
        for misfit in misfits {
            root.problem(&misfit.variable, misfit.what);
        }
        let config = read(&root, now);
        let problems = findings.into_inner().problems;
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            Some(_) | None => Err(Problems(problems)),
        }
    }
}

/// What is wrong with a text that is not TOML, and where.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let (line, last) = (before.split('\n').count(), before.rsplit('\n').next());
            let column = last.unwrap_or_default().chars().count() + 1;
            format!("is not TOML in line {line}, column {column}: {message}")
        }
        None => format!("is not TOML: {message}"),
    }
}

fn read(root: &Section<'_>, now: Timestamp) -> Option<Config> {
    let server = server::server(root);
    let store_folder = store(root);
    let api_keys = server::api_keys(root);
    let policy = policy::policy(root);
    let accounts = accounts(root, now);
    root.finish();
    if server.as_ref().is_some_and(|server| !server.is_loopback()) {
        root.refuse_sandbox_keys();
    }
    let (server, policy) = (server?, policy?);
    Some(Config {
        listen: server.listen?,
        public_listen: server.public_listen,
        metrics_listen: server.metrics_listen,
        store_folder: store_folder?,
        settings: server.settings(api_keys, policy),
        accounts,
    })
}

fn store(root: &Section<'_>) -> Option<PathBuf> {
    let Some(section) = root.section("store") else {
        root.problem(
            "store",
            "missing; expected a table with kind = \"sqlite\" and path",
        );
        return None;
    };
    match section.required("kind", "\"sqlite\"") {
        Some("sqlite") | None => {}
        Some(other) => section.problem(
            "kind",
            format!("found {other:?}, expected \"sqlite\", the store of this build"),
        ),
    }
    let path = section.path("path");
    match &path {
        None if section.is_wrong("path") => {}
        None => section.problem("path", "missing; expected the store's folder"),
        Some(folder) => {
            if let Err(too_long) = control::check_length(folder) {
                section.problem("path", too_long.to_string());
            }
        }
    }
    section.finish();
    path
}

/// The accounts. One identity under two names would let one payment be two.
fn accounts(root: &Section<'_>, now: Timestamp) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    for (name, section) in root.sections("accounts") {
        let Some(account) = account::account(&name, &section, now) else {
            continue;
        };
        match accounts
            .iter()
            .find(|other| other.identity() == account.identity())
        {
            Some(other) => section.problem(
                "",
                format!(
                    "the same account at its gateway as accounts.{}; expected one name for each",
                    other.name
                ),
            ),
            None => accounts.push(account),
        }
    }
    accounts
}
