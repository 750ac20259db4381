//! Calls of the gateway: what is asked, signed, and what the answers say, verified. Nothing here
//! connects to anything.

mod bill;
mod certificates;
mod close;
mod invoke;
mod order;
mod query;
mod refund;
mod reply;
mod request;
mod verdict;

pub use bill::OfferedBill;
pub use invoke::{AppParameters, JsapiParameters, h5_url_with_return};
pub use order::{InWechat, PayRequest};
pub use refund::RefundRequest;
pub use reply::{CallFault, Proof, Reply, Verified};
pub use request::UnsentRequest;
