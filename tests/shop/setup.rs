//! How a test's payfold is set up: a folder with the sandbox's keys, and a configuration of its own.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::process::Program;
use super::{Shop, run};

/// Whether gateways that answer stand beside the service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gateways {
    Absent,
    Simulated,
}

/// A shop that is not open yet.
pub(crate) struct Setup {
    gateways: Gateways,
    changes: Vec<(String, String)>,
    more: String,
    files: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            gateways: Gateways::Absent,
            changes: Vec::new(),
            more: String::new(),
            files: Vec::new(),
        }
    }

    /// With both simulated gateways.
    pub(crate) fn beside_the_sandbox(mut self) -> Self {
        self.gateways = Gateways::Simulated;
        self
    }

    /// With another text in the configuration.
    pub(crate) fn replacing(mut self, from: &str, to: &str) -> Self {
        self.changes.push((from.to_owned(), to.to_owned()));
        self
    }

    /// With more sections in the configuration.
    pub(crate) fn adding(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }

    /// With one more file beside the configuration.
    pub(crate) fn with_file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Starts it.
    pub(crate) async fn open(self) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let (port, sandbox_port) = (free_port(), free_port());
        copy(&KEYS, folder.path());
        for (name, text) in &self.files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let written = fs::read_to_string(folder.path().join("payfold.toml")).unwrap();
        fs::write(
            folder.path().join("payfold.toml"),
            self.configuration(&written, port, sandbox_port),
        )
        .unwrap();
        let api_key = fs::read_to_string(folder.path().join("api.key")).unwrap();
        let mut shop = Shop {
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            service: None,
            sandbox: None,
            api_key: api_key.trim().to_owned(),
            public_url: format!("http://127.0.0.1:{port}"),
            sandbox_url: format!("http://127.0.0.1:{sandbox_port}"),
            folder,
        };
        if self.gateways == Gateways::Simulated {
            let log = shop.folder().join("sandbox.log");
            let (dir, port) = (shop.folder(), sandbox_port.to_string());
            let arguments = ["sandbox", "--dir", dir.to_str().unwrap(), "--port", &port];
            shop.sandbox = Some(Program::start(&arguments, &log));
            shop.until_alive(&format!("{}/_sandbox/trades", shop.sandbox_url), &log)
                .await;
        }
        shop.start_again().await;
        shop
    }

    fn configuration(&self, written: &str, port: u16, sandbox_port: u16) -> String {
        let mut text = written
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))
            .replace("127.0.0.1:8090", &format!("127.0.0.1:{sandbox_port}"));
        for (from, to) in &self.changes {
            assert!(
                text.contains(from.as_str()),
                "{from:?} is not in the configuration:\n{text}"
            );
            text = text.replace(from.as_str(), to);
        }
        text + &self.more
    }
}

/// A folder that the sandbox has filled. Making keys takes a while, so it is kept between runs.
static KEYS: LazyLock<PathBuf> = LazyLock::new(|| {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox");
    // An older sandbox's folder may hold another configuration; its keys stay good.
    if kept.join("payfold.toml").exists() {
        fs::remove_file(kept.join("payfold.toml")).unwrap();
    }
    // Its port is taken on purpose: it fills the folder before it listens, and ends by itself.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(vec![
        "sandbox",
        "--dir",
        kept.to_str().unwrap(),
        "--port",
        &port,
    ]);
    assert!(kept.join("payfold.toml").exists(), "{ended:?}");
    let text = fs::read_to_string(kept.join("payfold.toml")).unwrap();
    let text = text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:8090");
    fs::write(kept.join("payfold.toml"), text).unwrap();
    kept
});

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A port that nobody uses, and that no other test of this run was given.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        if GIVEN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(port)
        {
            return port;
        }
    }
}
