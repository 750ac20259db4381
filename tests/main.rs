//! The whole thing from outside: what the houses may know of each other, and what the service
//! promises to gateways, buyers and shops.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod architecture;
mod house_rules;
mod root;
