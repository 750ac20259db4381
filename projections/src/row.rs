//! What the tables hold, to and from the domain's words. Positions and times are SQLite integers,
//! names are text; text that is no such name means that the file is damaged.

use payfold_domain::Timestamp;
use payfold_store::Position;
use rusqlite::Row;
use rusqlite::types::Type;

/// A stored value that is none of what its column may hold.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no value of this column")]
struct Unexpected(String);

/// A position as a column holds it; no store counts past it.
pub(crate) fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// The position in a column.
pub(crate) fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map(Position).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error))
    })
}

/// The position in a column that may be empty.
pub(crate) fn position_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Position>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        rusqlite::types::ValueRef::Integer(_)
        | rusqlite::types::ValueRef::Real(_)
        | rusqlite::types::ValueRef::Text(_)
        | rusqlite::types::ValueRef::Blob(_) => position(row, column).map(Some),
    }
}

/// The instant in a column, stored in microseconds.
pub(crate) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

/// The name in a column, by its checking constructor.
pub(crate) fn name<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    parse(text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            Type::Text,
            Box::new(Unexpected(text.to_owned())),
        )
    })
}
