//! The routes over the real application and the real store in memory, asked without a socket.

mod expiry;
mod feed;
mod orders;
mod outer;
pub(in crate::http) mod site;
