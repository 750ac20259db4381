//! The form of a seal.

use serde::{Deserialize, Serialize};

use super::field::Digest;
use super::form::{Form, Mismatch};
use crate::port::Position;
use crate::seal::Sealed;

#[derive(Serialize, Deserialize)]
pub(super) struct SealedData {
    ordinal: u64,
    count: u64,
    tree: Digest,
    through: u64,
}

impl Form for Sealed {
    type Data = SealedData;

    fn data(&self) -> SealedData {
        SealedData {
            ordinal: self.ordinal,
            count: self.count,
            tree: Digest(self.tree),
            through: self.through.0,
        }
    }

    fn event(data: SealedData) -> Result<Self, Mismatch> {
        Ok(Self {
            ordinal: data.ordinal,
            count: data.count,
            tree: data.tree.0,
            through: Position(data.through),
        })
    }
}
