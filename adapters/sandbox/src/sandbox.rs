//! The simulated gateways as one value: their keys, their books, and the world they may touch. What
//! they say and answer is written where it belongs; here is only what all of that shares.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::alipay::renewal::{Mode, Signing};
use crate::bill::ticket::Tickets;
use crate::books::Books;
use crate::faults::Faults;
use crate::keys::Keys;
use crate::notify::Outbox;
use crate::outside::Outside;
use crate::service::Service;
use crate::sign::{Sign, Signers, Verify};
use crate::wechatpay::platform::{Platform, SigningKey};

/// How the gateways behave.
#[derive(Clone)]
pub struct Settings {
    /// Where browsers reach the sandbox, such as `http://127.0.0.1:8090`.
    pub origin: String,
    /// How many seconds of the retry schedules pass in one.
    pub speed: u32,
    /// One in how many WeChat Pay v3 notifies is preceded by a signature probe; 0 for none.
    pub probe_one_in: u32,
    /// One in how many WeChat Pay v3 answers is a signature probe, so that its caller has to ask
    /// again; 0 for none.
    pub answer_probe_one_in: u32,
}

impl Settings {
    /// Real time, a probe before a notify in a thousand.
    pub fn at(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            speed: 1,
            probe_one_in: 1_000,
            answer_probe_one_in: 0,
        }
    }
}

/// Both gateways. A clone is the same pair.
#[derive(Clone)]
pub struct Sandbox(Arc<Parts>);

struct Parts {
    keys: Arc<Keys>,
    signers: Arc<Signers>,
    service: Service,
    outside: Outside,
    settings: Settings,
    started: DateTime<Utc>,
    state: Mutex<State>,
    changed: Notify,
    altered: Notify,
}

/// What changes.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) books: Books,
    pub(crate) faults: Faults,
    pub(crate) outbox: Outbox,
    #[serde(skip)]
    pub(crate) tickets: Tickets,
    pub(crate) platform: Platform,
    #[serde(default)]
    pub(crate) alipay: Signing,
    #[serde(default)]
    pub(crate) alipay_mode: Mode,
    #[serde(skip)]
    advanced: TimeDelta,
}

impl State {
    /// As it is after the sandbox ended, with its clock as far ahead of the true one as then.
    pub(crate) fn resumed(self, ahead: TimeDelta) -> Self {
        Self {
            outbox: self.outbox.resumed(),
            advanced: ahead,
            ..self
        }
    }
}

/// The state in one's hands. Whoever writes to it lets it be saved.
pub(crate) struct Held<'a> {
    state: MutexGuard<'a, State>,
    altered: &'a Notify,
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.altered.notify_one();
        &mut self.state
    }
}

impl Sandbox {
    /// Both gateways with empty books. Several may share their keys and signers.
    pub fn new(
        keys: impl Into<Arc<Keys>>,
        signers: impl Into<Arc<Signers>>,
        service: Service,
        outside: Outside,
        settings: Settings,
    ) -> Self {
        let started = (outside.clock)();
        Self(Arc::new(Parts {
            keys: keys.into(),
            signers: signers.into(),
            service,
            outside,
            settings,
            started,
            state: Mutex::default(),
            changed: Notify::new(),
            altered: Notify::new(),
        }))
    }

    /// Resolves once there may be something due earlier than [`Sandbox::next_due`] said.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Resolves once the state may be another than when this was last asked.
    pub async fn altered(&self) {
        self.0.altered.notified().await;
    }

    pub(crate) fn wake(&self) {
        self.0.changed.notify_one();
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn service(&self) -> &Service {
        &self.0.service
    }

    pub(crate) fn outside(&self) -> &Outside {
        &self.0.outside
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn first_alipay_signer(&self) -> &Sign {
        &self.0.signers.alipay
    }

    pub(crate) fn next_alipay_signer(&self) -> &Sign {
        &self.0.signers.next_alipay
    }

    pub(crate) fn wechatpay_signer(&self, key: SigningKey) -> &Sign {
        match key {
            SigningKey::PublicKey => &self.0.signers.public_key,
            SigningKey::Certificate => &self.0.signers.certificate,
            SigningKey::NextCertificate => &self.0.signers.next_certificate,
        }
    }

    /// What verifies the requests of the merchant's application at Alipay.
    pub(crate) fn alipay_verifier(&self) -> &Verify {
        &self.0.signers.of_alipay_app
    }

    /// What verifies what the merchant signs for WeChat Pay.
    pub(crate) fn wechatpay_verifier(&self) -> &Verify {
        &self.0.signers.of_wechatpay_merchant
    }

    /// The state, which no one holds while waiting for anything. What a panic left is still whole:
    /// every change to it is a single step.
    pub(crate) fn state(&self) -> Held<'_> {
        Held {
            state: self.0.state.lock().unwrap_or_else(PoisonError::into_inner),
            altered: &self.0.altered,
        }
    }

    /// The true time, which stands in every message.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.0.outside.clock)()
    }

    /// The time on the sandbox's own clock, on which the retry schedules run.
    pub(crate) fn schedule_now(&self, state: &State) -> DateTime<Utc> {
        let speed = i32::try_from(self.0.settings.speed).unwrap_or(i32::MAX);
        let passed = (self.now() - self.0.started)
            .checked_mul(speed)
            .unwrap_or(TimeDelta::MAX);
        self.0
            .started
            .checked_add_signed(passed)
            .and_then(|time| time.checked_add_signed(state.advanced))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Lets the sandbox's own clock jump ahead.
    pub(crate) fn advance(&self, by: TimeDelta) {
        let mut state = self.state();
        state.advanced = state.advanced.checked_add(&by).unwrap_or(state.advanced);
        drop(state);
        self.wake();
    }
}
