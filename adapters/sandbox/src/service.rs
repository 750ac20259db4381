//! The payfold beside the sandbox: where it is told of payments that the sandbox heard of from
//! nobody, and with which key the demo shop calls it.

use std::path::PathBuf;

use serde::Deserialize;

/// The payfold beside the sandbox.
pub struct Service {
    address: Address,
    pub(crate) api_key: String,
}

enum Address {
    Fixed(String),
    Configured(PathBuf),
}

/// An address that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading public_url in {path}: {problem}")]
pub(crate) struct NoAddress {
    path: PathBuf,
    problem: String,
}

#[derive(Deserialize)]
struct Configuration {
    server: Server,
}

#[derive(Deserialize)]
struct Server {
    public_url: String,
}

impl Service {
    /// A payfold at a known address, such as `http://127.0.0.1:8080`.
    pub fn at(public_url: &str, api_key: String) -> Self {
        Self {
            address: Address::Fixed(public_url.trim_end_matches('/').to_owned()),
            api_key,
        }
    }

    /// A payfold whose address stands in its configuration, which may still change.
    pub(crate) fn configured(path: PathBuf, api_key: String) -> Self {
        Self {
            address: Address::Configured(path),
            api_key,
        }
    }

    /// Its address, without a slash at the end.
    pub(crate) fn public_url(&self) -> Result<String, NoAddress> {
        let path = match &self.address {
            Address::Fixed(url) => return Ok(url.clone()),
            Address::Configured(path) => path,
        };
        let unread = |problem: String| NoAddress {
            path: path.clone(),
            problem,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
        let configuration: Configuration =
            toml::from_str(&text).map_err(|error| unread(error.to_string()))?;
        Ok(configuration
            .server
            .public_url
            .trim_end_matches('/')
            .to_owned())
    }
}
