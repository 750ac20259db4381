//! Cursors: where a reader of the total order has come to, as an opaque text. A cursor names the
//! store it was made by, so that one from before a restore is refused and nobody skips in silence.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::port::{Hash, Position, Recorded, Store, StoreError};

/// The first byte of every cursor; another form has another.
const FORMAT: u8 = 1;

/// How much of the store's id and of the event's hash is in a cursor.
const PIECE: usize = 6;

/// The length in bytes, before base64.
const LEN: usize = 1 + PIECE + 8 + PIECE;

/// A place in the total order of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    store: [u8; PIECE],
    position: Position,
    mark: [u8; PIECE],
}

/// Why a cursor names no place in this store.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// It is no cursor at all.
    #[error("reading a cursor: it is not one that payfold makes")]
    Malformed,
    /// Another store made it, or this one before a restore.
    #[error("looking a cursor up: another store made it, or this one before it was restored")]
    Foreign,
    /// No such event is at its position.
    #[error("looking a cursor up: its event is not in this store")]
    Unknown,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Cursor {
    /// Before the first event of a store.
    pub fn start(store: Uuid) -> Self {
        Self::at(store, Position(0), &[0; 32])
    }

    /// Behind an event, by the store's id and the event's position and hash.
    pub fn at(store: Uuid, position: Position, hash: &Hash) -> Self {
        Self {
            store: store_piece(store),
            position,
            mark: piece(hash),
        }
    }

    /// Behind a stored event.
    pub fn behind(store: Uuid, event: &Recorded) -> Self {
        Self::at(store, event.position, &event.hash)
    }

    /// Reads a cursor as [`fmt::Display`] writes it; [`Cursor::locate`] says whether it is this store's.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        let bytes: [u8; LEN] = bytes
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(CursorError::Malformed)?;
        let [format, rest @ ..] = bytes;
        let (store, rest) = rest.split_at(PIECE);
        let (position, mark) = rest.split_at(8);
        if format != FORMAT {
            return Err(CursorError::Malformed);
        }
        let mut number = [0; 8];
        number.copy_from_slice(position);
        Ok(Self {
            store: piece(store),
            position: Position(u64::from_be_bytes(number)),
            mark: piece(mark),
        })
    }

    /// The position that the cursor names in `store`, after making sure that the store made it.
    pub async fn locate(&self, store: &dyn Store) -> Result<Position, CursorError> {
        if self.store != store_piece(store.id()) {
            return Err(CursorError::Foreign);
        }
        if self.position == Position(0) {
            let start = Self::start(store.id());
            return if *self == start {
                Ok(self.position)
            } else {
                Err(CursorError::Unknown)
            };
        }
        match store.at(self.position).await? {
            Some(event) if piece::<PIECE>(&event.hash) == self.mark => Ok(self.position),
            Some(_) | None => Err(CursorError::Unknown),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&self.position.0.to_be_bytes());
        bytes.extend_from_slice(&self.mark);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A piece of a store's id: the end of its halves folded together, so that ids of any making differ
/// in it.
fn store_piece(store: Uuid) -> [u8; PIECE] {
    let (high, low) = store.as_u64_pair();
    let [_, _, end @ ..] = (high ^ low).to_be_bytes();
    end
}

/// The first bytes of longer ones.
fn piece<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut piece = [0; N];
    for (to, from) in piece.iter_mut().zip(bytes) {
        *to = *from;
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_8000_0000_0000_0001);

    #[test]
    fn a_cursor_reads_back_as_it_was() {
        let cursor = Cursor::at(STORE, Position(u64::MAX), &[7; 32]);
        let text = cursor.to_string();
        assert_eq!(text, "AUVniavN7v__________BwcHBwcH");
        assert_eq!(Cursor::parse(&text).unwrap(), cursor);
    }

    #[test]
    fn what_payfold_does_not_make_is_no_cursor() {
        for text in [
            "",
            "0",
            "AAAA",
            "AkVniavN7v__________BwcHBwcH",
            "AUVniavN7v//////////BwcHBwcH",
        ] {
            let read = Cursor::parse(text);
            assert!(matches!(read, Err(CursorError::Malformed)), "{text}");
        }
    }
}
