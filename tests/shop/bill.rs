//! Importing a gateway's bill of a day, and what came of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ended, Shop, run};

impl Shop {
    /// A file of the shop's, such as a bill.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Imports a bill of the account, by the command.
    pub(crate) fn import_bill(&self, account: &str, bill: &Path, more: &[&str]) -> Ended {
        let (config, bill) = (self.config(), bill.to_str().unwrap());
        let config = config.to_str().unwrap();
        let command = ["bill", "import", "--config", config, "--account", account];
        run([&command[..], &[bill], more].concat())
    }

    /// What waits for a person.
    pub(crate) async fn exceptions(&self) -> Vec<Value> {
        self.list("/v1/exceptions?status=open").await
    }
}

/// A figure of an import's result.
#[track_caller]
pub(crate) fn figure(out: &str, name: &str) -> u64 {
    let line = out.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in {out}"));
    line.trim().parse().unwrap()
}
