//! The program, as a shop runs it, in a folder of its own.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::http::Request;
use crate::load::now;

const PAYFOLD: &str = env!("CARGO_BIN_EXE_payfold");

/// A payfold over a store of its own.
pub(crate) struct Service {
    child: Option<Child>,
    address: SocketAddr,
    header: String,
    folder: TempDir,
}

/// A command that has ended well.
pub(crate) struct Timed {
    pub(crate) out: String,
    pub(crate) seconds: f64,
}

impl Service {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The sandbox fills its folder, and ends because its port is taken.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let mut sandbox = Command::new(PAYFOLD);
        sandbox
            .arg("sandbox")
            .arg("--dir")
            .arg(folder.path())
            .args(["--port", &port]);
        sandbox.stderr(Stdio::null()).status().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let config = folder.path().join("payfold.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(
            &config,
            text.replace("127.0.0.1:8080", &address.to_string()),
        )
        .unwrap();
        let key = std::fs::read_to_string(folder.path().join("api.key")).unwrap();
        let mut command = Command::new(PAYFOLD);
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .spawn()
            .unwrap();
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let header = format!("authorization: Bearer {}\r\n", key.trim());
        Self {
            child: Some(child),
            address,
            header,
            folder,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn place(&self, number: &str) -> Request {
        let body = r#"{"amount":{"currency":"CNY","minor":8800},"subject":"A pot of Longjing tea","fulfilment":"ship"}"#;
        Request::new("PUT", &format!("/v1/orders/{number}"), &self.header, body)
    }

    pub(crate) fn register(&self, number: &str) -> Request {
        let path = format!("/v1/orders/{number}/payments/ali/{number}");
        Request::new("PUT", &path, &self.header, r#"{"method":"external"}"#)
    }

    pub(crate) fn read(&self, number: &str) -> Request {
        Request::new("GET", &format!("/v1/orders/{number}"), &self.header, "")
    }

    /// Runs a command with this configuration.
    pub(crate) fn time(&self, command: &[&str]) -> Timed {
        let begun = now();
        let mut run = Command::new(PAYFOLD);
        run.args(command)
            .arg("--config")
            .arg(self.config())
            .stderr(Stdio::inherit());
        let output = run.output().unwrap();
        assert!(output.status.success(), "{command:?} failed");
        let out = String::from_utf8(output.stdout).unwrap();
        Timed {
            out,
            seconds: begun.elapsed().as_secs_f64(),
        }
    }

    /// Stops it; its folder stays.
    pub(crate) fn stop(mut self) -> Self {
        if let Some(mut child) = self.child.take() {
            let asked = Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .status();
            assert!(asked.unwrap().success());
            assert!(child.wait().unwrap().success(), "it did not stop in order");
        }
        self
    }

    fn config(&self) -> PathBuf {
        self.folder().join("payfold.toml")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
