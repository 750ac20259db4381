//! The embedded store from outside: the port, opening, full disks, crashes.
#![expect(
    clippy::disallowed_methods,
    reason = "tests lend the store threads and make ids of their own"
)]

mod given;
mod port;
