//! Payments: starting them, and how they show.

pub(crate) mod answer;
pub(crate) mod start;
