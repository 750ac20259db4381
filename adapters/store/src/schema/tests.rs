//! Held by the golden files.
