//! WeChat Pay's messages from outside: published and computed vectors, a gateway that signs with
//! another implementation, and what an attacker may send.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod account;
mod bill_days;
mod bills;
mod calls;
mod certificates;
mod gateway;
mod hostile;
mod queries;
mod v2_notify;
mod v2_xml;
mod v3_notify;
mod v3_signature;
mod vectors;
