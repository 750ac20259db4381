//! The whole thing from outside: what the houses may know of each other, and what the service
//! promises to gateways, buyers and shops.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod architecture;
mod backup;
mod bill_forms;
mod bills;
mod crash;
mod disconnect;
mod feed;
mod gateway;
mod healing;
mod hostile;
mod house_rules;
mod journeys;
mod keys;
mod notify;
mod orders;
mod private;
mod program;
mod refund_numbers;
mod refunds_in_bills;
mod reread;
mod returns;
mod root;
mod shop;
mod unexpected;
mod views;
