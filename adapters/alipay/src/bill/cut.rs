//! Where a row is cut whose texts have commas. Nothing is quoted, so such a row has more pieces than
//! there are columns. Each piece is held against all columns at once, along the row and back: that takes
//! as long as the row is, however many commas are in it.

use super::amounts::fen;
use super::columns::Direction;
use crate::grammar::beijing;

/// A set of columns, a bit for each.
type Set = u128;

/// How many columns a set can hold. Bills have some 25.
pub(super) const MOST_COLUMNS: usize = 128;

/// What the columns hold, as far as it tells where a row is to be cut.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// How many there are.
    pub(super) count: usize,
    /// Those that a row is read for: their cells must be the same in every way to cut it.
    pub(super) read: Set,
    pub(super) kind: Set,
    pub(super) created: Set,
    pub(super) finished: Set,
    /// Every column of amounts.
    pub(super) amounts: Set,
    /// Those of them that are never empty.
    pub(super) full: Set,
    pub(super) request_no: Set,
    /// Texts that may have commas.
    pub(super) texts: Set,
    /// Those of them that may say anything at all. The others are names.
    pub(super) free: Set,
    /// The last column.
    pub(super) last: Set,
}

/// A row can be cut in two ways that do not say the same.
#[derive(Debug)]
pub(super) struct TwoWays;

/// How strictly a row's cells are read. Of the ways to cut a row whose texts have commas the one is right
/// that reads as published bills do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Amounts have two decimals, a payment has no number of a refund, and no name is a time, so that
    /// of the times in a row, which its subject may hold too, the last two before the amounts count.
    AsPublished,
    /// Whatever can be an amount is one.
    Any,
}

/// These columns as a set. What is past the last that a set can hold is in none.
pub(super) fn set(columns: impl IntoIterator<Item = usize>) -> Set {
    let bit = |column: usize| {
        u32::try_from(column)
            .ok()
            .and_then(|at| FIRST.checked_shl(at))
    };
    let bits = columns.into_iter().filter_map(bit);
    bits.fold(0, |set, bit| set | bit)
}

/// The first column alone.
const FIRST: Set = 1;

impl Layout {
    /// The row's cells, one for each column; of a column that is not read any piece that it may hold.
    /// `None` where the row cannot be cut.
    pub(super) fn cut<'a>(&self, pieces: &[&'a str]) -> Result<Option<Vec<&'a str>>, TwoWays> {
        match self.cut_as(Form::AsPublished, pieces)? {
            Some(cells) => Ok(Some(cells)),
            None => self.cut_as(Form::Any, pieces),
        }
    }

    fn cut_as<'a>(&self, form: Form, pieces: &[&'a str]) -> Result<Option<Vec<&'a str>>, TwoWays> {
        let ways = |direction| self.ways(form, direction, pieces);
        match (ways(Direction::Payment), ways(Direction::Refund)) {
            (None, None) => Ok(None),
            (Some(ways), None) | (None, Some(ways)) => self.one_way(pieces, &ways).map(Some),
            (Some(_), Some(_)) => Err(TwoWays),
        }
    }

    /// For each piece the columns that it may be of, over all ways to cut the row; `None` if there is no
    /// way.
    fn ways(&self, form: Form, direction: Direction, pieces: &[&str]) -> Option<Vec<Set>> {
        let mut ways = Vec::with_capacity(pieces.len());
        let mut open = FIRST;
        for piece in pieces {
            let here = open & !self.refusing(form, direction, piece);
            if here == 0 {
                return None;
            }
            ways.push(here);
            open = (here << 1) | (here & self.texts);
        }
        // Back from the end, which leaves what leads there.
        let mut open = self.last;
        for here in ways.iter_mut().rev() {
            *here &= open;
            if *here == 0 {
                return None;
            }
            open = (*here >> 1) | (*here & self.texts);
        }
        Some(ways)
    }

    /// The columns that cannot hold a piece.
    fn refusing(&self, form: Form, direction: Direction, piece: &str) -> Set {
        let published = form == Form::AsPublished;
        let mut refusing = 0;
        if piece != direction.word() {
            refusing |= self.kind;
        }
        if beijing(piece.as_bytes()).is_none() {
            refusing |= self.finished;
            if published {
                refusing |= self.created;
            }
        } else if published {
            refusing |= !(self.created | self.finished | self.free);
        }
        if piece.is_empty() {
            refusing |= self.full;
        } else {
            if !form.has_amount(piece) {
                refusing |= self.amounts;
            }
            if published && direction == Direction::Payment {
                refusing |= self.request_no;
            }
        }
        refusing
    }

    /// The cells, if all ways agree in what a row is read for.
    fn one_way<'a>(&self, pieces: &[&'a str], ways: &[Set]) -> Result<Vec<&'a str>, TwoWays> {
        let cell = |column| {
            let column = set([column]);
            let held = pieces.iter().zip(ways);
            let mut held = held.filter(|(_, way)| **way & column != 0);
            let first = held.next().map_or("", |(piece, _)| piece);
            if self.read & column != 0 && held.any(|(piece, _)| *piece != first) {
                return Err(TwoWays);
            }
            Ok(first)
        };
        (0..self.count).map(cell).collect()
    }
}

impl Form {
    fn has_amount(self, text: &str) -> bool {
        let decimals = text.rsplit_once('.').map(|(_, decimals)| decimals.len());
        (self == Self::Any || decimals == Some(2)) && fen(text).is_some()
    }
}
