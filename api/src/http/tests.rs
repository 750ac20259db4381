//! The routes over the real application and the real store in memory, asked without a socket.

mod alipay;
mod bill_days;
mod bill_neighbours;
mod bill_rows;
mod bills;
mod cancel;
mod certificates;
mod expiry;
mod feed;
mod first_key;
mod gone;
mod keys;
mod million;
mod orders;
mod outer;
mod refused_refunds;
mod reread;
mod returns;
mod siblings;
pub(in crate::http) mod site;
mod unreadable;
mod unwanted;
mod watch;
