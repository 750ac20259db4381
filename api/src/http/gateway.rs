//! What gateways and buyers reach: notifies, returns, and the page that a buyer sees.

pub(crate) mod notify;
pub(crate) mod page;
pub(crate) mod returned;
