//! The section `[server]` and the API keys: where payfold listens, and who may call.

use std::net::SocketAddr;

use super::policy::PolicySection;
use super::section::Section;
use crate::app::{ApiKey, ApiKeys, MetricsAccess, Scope, Settings};

/// What the section settles.
pub(crate) struct ServerSection {
    /// `None` where it is missing or wrong.
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) public_listen: Option<SocketAddr>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    public_url: String,
    host: String,
    cors_origins: Vec<String>,
    return_origins: Vec<String>,
}

/// Reads the section; `None` where nobody can tell who can reach payfold.
pub(crate) fn server(root: &Section<'_>) -> Option<ServerSection> {
    let Some(section) = root.section("server") else {
        root.problem(
            "server",
            "missing; expected a table with listen and public_url",
        );
        return None;
    };
    section.required("listen", "an address and port, such as 127.0.0.1:8080");
    section.required(
        "public_url",
        "what gateways and buyers can reach, such as https://pay.example.com",
    );
    let listen = section.address("listen");
    let public_listen = section.address("public_listen");
    let metrics_listen = section.address("metrics_listen");
    let public_url = section.read(
        "public_url",
        "an http or https address without query, such as https://pay.example.com",
        base_url,
    );
    let cors_origins = origins(&section, "cors_origins");
    let return_origins = origins(&section, "return_origins");
    section.finish();
    let public_url = public_url?;
    Some(ServerSection {
        listen,
        public_listen,
        metrics_listen,
        host: host(&public_url)?,
        public_url,
        cors_origins,
        return_origins,
    })
}

impl ServerSection {
    /// Whether only this machine can reach the public address.
    pub(crate) fn is_loopback(&self) -> bool {
        let ip = self
            .host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>();
        self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// What is settled for the application.
    pub(crate) fn settings(self, api_keys: Vec<ApiKey>, policy: PolicySection) -> Settings {
        Settings {
            public_url: self.public_url,
            api_keys: ApiKeys::new(api_keys),
            cors_origins: self.cors_origins,
            return_origins: self.return_origins,
            metrics: match self.metrics_listen {
                Some(_) => MetricsAccess::OwnListener,
                None => MetricsAccess::ByAdminKey,
            },
            expires_after_secs: policy.expires_after_secs,
            policy: policy.policy,
        }
    }
}

/// Reads the API keys. Each part of one is judged, whatever is wrong with the others.
pub(crate) fn api_keys(root: &Section<'_>) -> Vec<ApiKey> {
    let mut keys: Vec<ApiKey> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (_, section) in root.sections("api_keys") {
        let name = key_name(&section, &names);
        names.extend(name);
        section.required("sha256", "64 hex digits, the SHA-256 of the key");
        let sha256 = section.read("sha256", "64 hex digits, the SHA-256 of the key", sha256);
        let scopes = scopes(&section);
        section.finish();
        if let (Some(name), Some(sha256)) = (name, sha256) {
            keys.push(ApiKey {
                name: name.to_owned(),
                sha256,
                scopes,
            });
        }
    }
    keys
}

fn key_name<'a>(section: &Section<'a>, taken: &[&str]) -> Option<&'a str> {
    let name = section.required("name", "a name of a-z0-9_")?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_name) {
        section.problem(
            "name",
            format!("found {name:?}, expected a name of a-z0-9_"),
        );
        None
    } else if taken.contains(&name) {
        section.problem(
            "name",
            format!("{name:?} stands twice, expected a name for each key"),
        );
        None
    } else {
        Some(name)
    }
}

fn scopes(section: &Section<'_>) -> Vec<Scope> {
    let names = section.texts("scopes");
    if names.is_empty() {
        section.problem("scopes", "missing or empty; expected a list of scopes");
    }
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let read = |name: &str| {
        let scope = Scope::from_name(name);
        if scope.is_none() {
            section.problem(
                "scopes",
                format!("found {name:?}, expected some of {}", known()),
            );
        }
        scope
    };
    names.into_iter().filter_map(read).collect()
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(hash)
}

fn origins(section: &Section<'_>, key: &str) -> Vec<String> {
    let origins = section.texts(key);
    for origin in &origins {
        let whole = base_url(origin).and_then(|url| host(&url).map(|_| url));
        let path = whole
            .as_deref()
            .and_then(|url| url.split_once("://"))
            .is_some_and(|(_, rest)| rest.contains('/'));
        if whole.is_none() || path {
            section.problem(
                key,
                format!("found {origin:?}, expected origins such as https://shop.example.com"),
            );
        }
    }
    origins
        .into_iter()
        .map(|origin| origin.trim_end_matches('/').to_owned())
        .collect()
}

fn base_url(text: &str) -> Option<String> {
    let uri: http::Uri = text.parse().ok()?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain =
        uri.query().is_none() && !text.contains('#') && !uri.authority()?.as_str().contains('@');
    (http && plain).then(|| text.trim_end_matches('/').to_owned())
}

fn host(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.host().map(str::to_owned)
}
