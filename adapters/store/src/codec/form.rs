//! What a form is: an event's data, and its private part where it has one, as structs that serde
//! writes and reads. A plain struct for each kind is picked by the kind beside it, which reads half
//! again as fast as a tagged enum.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Fields that each read well, and do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(pub(super) &'static str);

/// An event whose data may all be public.
pub(super) trait Form: Sized {
    /// Its data.
    type Data: Serialize + DeserializeOwned;

    /// The event's data.
    fn data(&self) -> Self::Data;

    /// The event of that data.
    fn event(data: Self::Data) -> Result<Self, Mismatch>;
}

/// An event with a private part.
pub(super) trait PartedForm: Sized {
    /// What may be public.
    type Data: Serialize + DeserializeOwned;
    /// What may be personal; its default is what is read where it was dropped or not asked for.
    type Private: Serialize + DeserializeOwned + Default;

    /// The event's data, and its private part if anything is in it.
    fn split(&self) -> (Self::Data, Option<Self::Private>);

    /// The event of both.
    fn join(data: Self::Data, private: Self::Private) -> Result<Self, Mismatch>;
}
