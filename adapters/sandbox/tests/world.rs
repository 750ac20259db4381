//! A sandbox in a world that the test holds: a clock that it sets, entropy that repeats, and a shop
//! that keeps what it was sent.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use payfold_sandbox::{
    Answer, Call, Library, Outbound, Outside, Pending, Ports, Sandbox, Settings, Signers,
    Unreached, open,
};
use serde_json::Value;
use tower::ServiceExt as _;

/// 2026-11-23 16:00:00 in Beijing.
const START: i64 = 1_795_420_800;

pub(crate) const PORTS: Ports = Ports {
    sandbox: 8090,
    service: 8080,
};

/// A folder whose keys are made once for all tests.
pub(crate) static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap().keep();
    open(&dir, PORTS, &clock(), &entropy(7)).unwrap();
    dir
});
static OPENING: Mutex<()> = Mutex::new(());

/// As a status: the shop is called and never answers.
pub(crate) const NO_ANSWER: u16 = 1;

/// A shop that notes what it is sent, and answers what it is told to.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) received: Mutex<Vec<Call>>,
    answers: Mutex<VecDeque<(u16, Bytes)>>,
}

impl Shop {
    /// The next answers, in order; afterwards it accepts.
    pub(crate) fn will_answer(&self, answers: &[(u16, &'static str)]) {
        let answers = answers
            .iter()
            .map(|(status, body)| (*status, Bytes::from(*body)));
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn received(&self) -> Vec<Call> {
        self.received.lock().unwrap().clone()
    }
}

impl Outbound for Shop {
    fn send(&self, call: Call) -> Pending<'_, Result<Answer, Unreached>> {
        let url = call.url.clone();
        let v2 = call.body.starts_with(b"<");
        self.received.lock().unwrap().push(call);
        let accept = if v2 {
            "<xml><return_code>SUCCESS</return_code></xml>"
        } else {
            "success"
        };
        let answer = self.answers.lock().unwrap().pop_front();
        let (status, body) = answer.unwrap_or((200, Bytes::from(accept)));
        Box::pin(async move {
            if status == NO_ANSWER {
                std::future::pending::<()>().await;
            }
            if status == 0 {
                return Err(Unreached {
                    url,
                    problem: "connection refused".to_owned(),
                });
            }
            Ok(Answer { status, body })
        })
    }
}

/// A sandbox, and what the test holds of its world.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) shop: Arc<Shop>,
    seconds: Arc<AtomicI64>,
    pub(crate) waited: Arc<Mutex<Vec<Duration>>>,
    router: Router,
}

/// What a route answered.
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings)
    }

    pub(crate) fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let ticking = Arc::clone(&seconds);
        let shop = Arc::new(Shop::default());
        let waited = Arc::<Mutex<Vec<Duration>>>::default();
        let waits = Arc::clone(&waited);
        let outside = Outside {
            clock: Arc::new(move || at(ticking.load(Ordering::SeqCst))),
            entropy: entropy(1),
            outbound: shop.clone(),
            wait: Arc::new(move |time| {
                waits.lock().unwrap().push(time);
                Box::pin(async {})
            }),
        };
        let opened = {
            let _alone = OPENING.lock().unwrap();
            open(&FOLDER, PORTS, &outside.clock, &outside.entropy).unwrap()
        };
        let settings = Settings {
            probe_one_in: 0,
            ..Settings::at("http://127.0.0.1:8090")
        };
        let signers = Signers::of(&opened.keys, Library::RSA).unwrap();
        let settings = change(settings);
        let sandbox = Sandbox::new(opened.keys, signers, opened.service, outside, settings);
        let router = sandbox.router();
        Self {
            sandbox,
            shop,
            seconds,
            waited,
            router,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        at(self.seconds.load(Ordering::SeqCst))
    }

    /// Lets true time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn form(&self, path: &str, form: &str) -> Said {
        let media_type = "application/x-www-form-urlencoded;charset=utf-8";
        let request = Request::post(path).header(header::CONTENT_TYPE, media_type);
        self.ask(request.body(Body::from(form.to_owned())).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.ask(
            Request::post(path)
                .body(Body::from(body.to_string()))
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Said {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Said {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The only trade in the books.
    pub(crate) async fn only_trade(&self) -> Value {
        let trades = self.get("/_sandbox/trades").await.json();
        let items = trades["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{trades}");
        items[0].clone()
    }
}

/// A file of the folder.
pub(crate) fn file(name: &str) -> String {
    std::fs::read_to_string(FOLDER.join(name)).unwrap()
}

/// A field of an account's file.
pub(crate) fn account(gateway: &str, field: &str) -> String {
    let account: Value = serde_json::from_str(&file(&format!("{gateway}/account.json"))).unwrap();
    account[field].as_str().unwrap().to_owned()
}

/// Signs with a private key file, as a merchant does.
pub(crate) fn sign_with(name: &str, message: &[u8]) -> String {
    let der = der(&file(name));
    let key = RsaKeyPair::from_pkcs8(&der)
        .or_else(|_| RsaKeyPair::from_der(&der))
        .unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
        .unwrap();
    STANDARD.encode(signature)
}

/// Whether a signature holds under a public key file or a certificate, as a merchant checks it.
pub(crate) fn holds(name: &str, message: &[u8], signature: &str) -> bool {
    let der = der(&file(name));
    let spki = match x509_parser::parse_x509_certificate(&der) {
        Ok((_, certificate)) => certificate.public_key().raw.to_vec(),
        Err(_) => der,
    };
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki)
        .verify(message, &signature)
        .is_ok()
}

fn der(pem: &str) -> Vec<u8> {
    let first = pem.split("-----END").next().unwrap();
    let lines: String = first
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    STANDARD.decode(lines).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(crate) fn clock() -> payfold_sandbox::Clock {
    Arc::new(|| at(START))
}

/// Bytes that look random and repeat (SplitMix64).
pub(crate) fn entropy(seed: u64) -> payfold_sandbox::Entropy {
    let state = AtomicU64::new(seed);
    Arc::new(move |bytes| {
        for byte in bytes {
            let mut word = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (word ^ (word >> 31)).to_le_bytes()[0];
        }
    })
}
