//! What an order is and may become: commands, events, `decide` and `evolve`.
//!
//! Pure: no IO, no clock, no randomness, no serialisation, no logging, nothing asynchronous. Time,
//! numbers and ids come in with the command.

pub mod account;
pub mod bill;
mod book;
pub mod command;
mod decide;
mod dismissal;
pub mod event;
mod evolve;
pub mod exception;
mod fact;
mod message;
mod money;
mod names;
mod observe;
pub mod order;
pub mod policy;
pub mod stray;
mod time;

pub use decide::decide;
pub use evolve::evolve;
pub use fact::{
    Application, Fact, Observation, Receipt, RefundFact, RefundHint, RefundNumber, RefundSize,
    RefundState, Source,
};
pub use message::{Authentic, KeyFingerprint, Message, Verdict};
pub use money::{Currency, Money};
pub use names::{
    AccountName, AppId, Gateway, InvalidName, Method, OrderNo, OutTradeNo, PaymentRef, RefundNo,
    TransactionId,
};
pub use time::Timestamp;
