//! Alipay's side, for a direct merchant in mainland China (Open Platform, `gateway.do`, RSA2): whether
//! a notify or a return is Alipay's own and what it says, and the signed requests that a buyer's
//! browser or app carries to Alipay.
//!
//! No IO: bytes come in and go out by the caller, and so do the time and the contents of key files.
//! What an order makes of a message is the domain's part.

mod account;
mod answer;
mod buyer_return;
mod certificate;
mod form;
mod grammar;
mod keys;
mod notify;
mod pay;
mod refusal;
mod signature;

pub use account::{AccountConfig, AlipayAccount, InvalidSetting};
pub use answer::NotifyAnswer;
pub use buyer_return::Return;
pub use pay::{PayFault, PayRequest};
pub use refusal::Refusal;
pub use signature::verify_again;
