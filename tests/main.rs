//! The whole thing from outside.
