//! Alipay and WeChat Pay, simulated from the gateways' side: the real protocols with real
//! cryptography, a cashier for people, and faults by name. It is the other side of the wire, so it
//! shares no code with the adapters, and it leaves the driving of its notifies to its caller.
//!
//! [`open`] makes or reads the keys, [`Sandbox::new`] starts both gateways with empty books,
//! [`Sandbox::router`] serves them. Notifies leave when the caller asks: in service by
//!
//! ```text
//! loop {
//!     sandbox.deliver_due().await;
//!     match sandbox.next_due() {
//!         Some(left) => select! { _ = sleep(left) => {}, _ = sandbox.changed() => {} },
//!         None => sandbox.changed().await,
//!     }
//! }
//! ```

mod alipay;
mod beijing;
mod bill;
mod books;
mod certificate;
mod control;
mod desk;
mod dir;
mod draw;
mod entry;
mod faults;
mod keys;
mod money;
mod notify;
mod outside;
mod page;
mod problem;
mod record;
mod refund;
mod sandbox;
mod service;
mod shop;
mod sign;
mod till;
mod weather;
mod wechatpay;

pub use dir::{OpenError, Opened, Ports, open};
pub use keys::{KeyNotMade, Keys, is_sandbox_key};
pub use outside::{Answer, Call, Clock, Entropy, Outbound, Outside, Pending, Unreached, Wait};
pub use record::{StateError, StateFile};
pub use sandbox::{Sandbox, Settings};
pub use service::Service;
pub use sign::{Library, Sign, SignerFor, Signers, SigningFailed, VerifierFor, Verify};

impl Sandbox {
    /// Everything that the sandbox serves.
    pub fn router(&self) -> axum::Router {
        alipay::routes()
            .merge(wechatpay::routes())
            .merge(control::routes())
            .merge(shop::routes())
            .merge(desk::routes())
            .layer(axum::extract::DefaultBodyLimit::max(64 * 1024))
            .with_state(self.clone())
    }
}
