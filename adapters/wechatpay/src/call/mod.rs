//! Calls of the gateway: what is asked, signed, and what the answers say, verified. Nothing here
//! connects to anything.

mod close;
mod order;
mod query;
mod refund;
mod reply;
mod request;

pub use order::PayRequest;
pub use refund::RefundRequest;
pub use reply::{CallFault, Proof, Reply, Verified};
pub use request::UnsentRequest;
