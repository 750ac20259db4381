//! payfold: from a gateway's message to a shipped order, exactly once.
//!
//! `app` decides and stores, `http` answers, `cli` is the program, `config` reads what the shop's
//! engineer wrote, and `world` is the only way to time, randomness, connections and tasks.

pub mod app;
pub mod cli;
pub mod config;
mod control;
pub mod http;
pub mod world;
