//! The simulated gateways from outside: every route by its router, every signature checked by
//! another implementation than the one that made it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod alipay;
mod alipay_ends;
mod alipay_orders;
mod alipay_requests;
mod bills;
mod certificates;
mod control;
mod desk;
mod faults;
mod folder;
mod schedule;
mod shop;
mod state;
mod wechatpay;
mod wechatpay_headers;
mod wechatpay_orders;
mod world;
