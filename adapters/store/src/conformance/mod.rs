//! The suite that holds a store to the port. An engine's tests give a [`Place`] and run every case
//! by [`conformance!`](crate::conformance!); nothing in here knows an engine.
#![expect(
    clippy::unwrap_used,
    reason = "the suite fails by panicking, as tests do"
)]

mod appends;
mod cells;
mod claims;
mod durability;
mod evidence;
mod feed;
mod meeting;
mod scene;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::port::Store;

pub use appends::*;
pub use cells::*;
pub use claims::*;
pub use durability::*;
pub use evidence::*;
pub use feed::*;
pub use meeting::*;

/// A store being opened.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send + 'a>>;

/// Where one store keeps what it has been given; empty at first.
pub trait Place: Send {
    /// Opens the store. The one that was opened before, if any, ends as by a crash: what it has
    /// answered for is there, what was on its way may be.
    fn open(&mut self) -> Opening<'_>;
}

/// Makes a `#[tokio::test]` of every case. The argument is an expression that makes a new, empty
/// [`Place`] each time.
#[macro_export]
macro_rules! conformance {
    ($place:expr) => {
        $crate::conformance!(@cases $place;
            an_append_reads_back_as_it_was_given,
            a_version_conflict_is_a_value_and_stores_nothing,
            the_same_append_sent_again_is_stored_once,
            another_append_at_the_same_version_conflicts,
            of_many_appends_at_one_version_one_is_stored,
            a_conflict_touches_no_neighbour,
            a_claim_belongs_to_one_stream_however_many_ask,
            a_stream_may_repeat_its_own_claim,
            a_claim_that_conflicts_leaves_no_other_claim_behind,
            a_claim_goes_over_only_from_the_stray_that_was_taken_up,
            claims_are_listed_in_their_order_whatever_the_page,
            the_feed_is_one_total_order_in_pages,
            a_live_reader_finds_no_hole_that_is_filled_later,
            the_feed_shows_no_seal_and_no_private_part,
            an_event_is_found_by_its_position_alone,
            evidence_is_kept_once_for_an_append,
            evidence_reads_in_the_total_order_whatever_the_page,
            a_cell_is_written_only_at_its_revision,
            of_many_writers_of_a_cell_none_is_lost,
            cells_are_in_no_feed,
            what_was_answered_for_is_there_after_a_crash,
            an_append_sent_again_after_a_crash_is_stored_once,
            every_interleaving_of_a_stray_and_its_order_meets,
            every_interleaving_meets_across_crashes,
        );
    };
    (@cases $place:expr; $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::conformance::$case(&mut $place).await;
        }
    )+};
}
