//! Alipay's side, for a direct merchant in mainland China (Open Platform, `gateway.do`, RSA2): whether
//! a notify, a return or an answer is Alipay's own and what it says, the signed requests that a buyer's
//! browser or app carries to Alipay, and those that payfold makes itself.
//!
//! No IO: bytes come in and go out by the caller, and so do the time and the contents of key files.
//! What an order makes of a message is the domain's part.

mod account;
mod answer;
mod bill;
mod buyer_return;
mod call;
mod certificate;
mod form;
mod grammar;
mod keys;
mod notify;
mod parameters;
mod pay;
mod refusal;
mod signature;
mod trade;
mod unsent;

pub use account::{AccountConfig, AlipayAccount, InvalidSetting};
pub use answer::NotifyAnswer;
pub use buyer_return::Return;
pub use call::{
    Call, CallFault, CreateRequest, RefundAnswer, RefundRequest, Reply, Verified,
    verify_answer_again,
};
pub use pay::PayRequest;
pub use refusal::Refusal;
pub use signature::verify_again;
pub use unsent::UnsentRequest;
