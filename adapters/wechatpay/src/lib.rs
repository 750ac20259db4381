//! WeChat Pay's side, for a direct merchant in mainland China: what the gateway's messages mean and
//! whether they are its own, v3 (JSON, RSA, AES-GCM) and v2 (XML, a shared secret), and the requests
//! that payfold makes of it.
//!
//! No IO: bytes come in and go out by the caller, and so do the time, nonces and the contents of key
//! files. What an order makes of a message is the domain's part.

mod account;
mod answer;
mod bill;
mod call;
mod grammar;
mod keys;
mod platform;
mod refusal;
mod v2;
mod v3;

pub use account::{AccountConfig, InvalidSetting, WechatPayAccount};
pub use answer::{NotifyAnswer, Protocol};
pub use bill::BillProof;
pub use call::{
    AppParameters, CallFault, InWechat, JsapiParameters, OfferedBill, PayRequest, Proof,
    RefundRequest, Reply, UnsentRequest, Verified, h5_url_with_return,
};
pub use refusal::Refusal;
pub use v3::verify_again_v3;
