//! Calls of the gateway: what is asked, signed, and what the answers say, verified. Nothing here
//! connects to anything.

mod answer;
mod bill;
mod certificate;
mod close;
mod create;
mod members;
mod query;
mod refund;
mod reply;
mod request;
mod verdict;

pub use answer::verify_answer_again;
pub use create::CreateRequest;
pub use refund::{RefundAnswer, RefundRequest};
pub use reply::{CallFault, Reply, Verified};
pub use request::Call;
