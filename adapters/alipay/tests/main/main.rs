//! What the crate promises, from outside: on Alipay's own published signatures, on made ones, and on
//! whatever else may come.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod bill;
mod bill_texts;
mod calls;
mod certificates;
mod field_bugs;
mod fixture;
mod keys;
mod notify;
mod pay;
mod properties;
mod published;
mod requests;
mod returns;
