//! Which file of a zip holds what, and how much of it is read. The names are GBK, and nothing is
//! written anywhere by them.

use std::io::{BufReader, Read, Seek, SeekFrom};

use encoding_rs::GBK;
use payfold_domain::bill::RefusedBill;
use zip::ZipArchive;

use super::lines::Lines;

/// How many files a bill's archive may hold: Alipay puts two into it.
const MOST_FILES: usize = 16;

/// How long a file may be, unpacked: some million rows. What is longer is no day's bill.
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// A bill that was opened.
pub(super) enum Bill<R> {
    /// As Alipay packs it.
    Packed {
        archive: ZipArchive<R>,
        rows: usize,
        sums: Option<usize>,
    },
    /// The file of rows alone.
    Plain(R),
}

impl<R: Read + Seek> Bill<R> {
    pub(super) fn open(mut file: R) -> Result<Self, RefusedBill> {
        let mut start = Vec::new();
        file.by_ref()
            .take(4)
            .read_to_end(&mut start)
            .and_then(|_| file.seek(SeekFrom::Start(0)))
            .map_err(|error| RefusedBill::new(0, error.to_string(), "a readable file"))?;
        if !start.starts_with(b"PK") {
            return Ok(Self::Plain(file));
        }
        let archive = ZipArchive::new(file).map_err(|error| damaged(&error))?;
        if archive.len() > MOST_FILES {
            let found = format!("{} files", archive.len());
            let expected = format!("at most {MOST_FILES} files in the archive");
            return Err(RefusedBill::new(0, found, expected));
        }
        Self::find(archive)
    }

    fn find(mut archive: ZipArchive<R>) -> Result<Self, RefusedBill> {
        let (mut rows, mut sums) = (Vec::new(), Vec::new());
        for index in 0..archive.len() {
            let entry = archive
                .by_index_raw(index)
                .map_err(|error| damaged(&error))?;
            match Kind::of(entry.name_raw()) {
                Kind::Rows => rows.push(index),
                Kind::Sums => sums.push(index),
                Kind::Other => {}
            }
        }
        match (rows.as_slice(), sums.as_slice()) {
            ([rows], [] | [_]) => Ok(Self::Packed {
                rows: *rows,
                sums: sums.first().copied(),
                archive,
            }),
            (found, _) => Err(RefusedBill::new(
                0,
                format!("{} files of rows, {} of sums", found.len(), sums.len()),
                "one …_业务明细.csv and at most one …_业务明细(汇总).csv in the archive",
            )),
        }
    }

    /// Lets the file of rows be read.
    pub(super) fn rows<T>(
        &mut self,
        read: impl FnOnce(Lines<BufReader<&mut dyn Read>>) -> Result<T, RefusedBill>,
    ) -> Result<T, RefusedBill> {
        match self {
            Self::Packed { archive, rows, .. } => read_entry(archive, *rows, read),
            Self::Plain(file) => read(Lines::new(BufReader::new(file), MOST_BYTES)),
        }
    }

    /// Lets the file of sums be read, where there is one.
    pub(super) fn sums(
        &mut self,
        read: impl FnOnce(Lines<BufReader<&mut dyn Read>>) -> Result<(), RefusedBill>,
    ) -> Result<(), RefusedBill> {
        match self {
            Self::Packed {
                archive,
                sums: Some(sums),
                ..
            } => read_entry(archive, *sums, read),
            Self::Packed { sums: None, .. } | Self::Plain(_) => Ok(()),
        }
    }
}

fn read_entry<R: Read + Seek, T>(
    archive: &mut ZipArchive<R>,
    index: usize,
    read: impl FnOnce(Lines<BufReader<&mut dyn Read>>) -> Result<T, RefusedBill>,
) -> Result<T, RefusedBill> {
    let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
    read(Lines::new(BufReader::new(&mut entry), MOST_BYTES))
}

/// What a file of the archive is, by its name.
enum Kind {
    Rows,
    Sums,
    Other,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        let (decoded, _) = GBK.decode_without_bom_handling(name);
        let names = [decoded, String::from_utf8_lossy(name)];
        let ends = |endings: &[&str]| {
            names
                .iter()
                .any(|name| endings.iter().any(|ending| name.ends_with(ending)))
        };
        if ends(&["业务明细.csv"]) {
            Self::Rows
        } else if ends(&["业务明细(汇总).csv", "业务明细（汇总）.csv"]) {
            Self::Sums
        } else {
            Self::Other
        }
    }
}

fn damaged(error: &zip::result::ZipError) -> RefusedBill {
    RefusedBill::new(0, error.to_string(), "a whole zip archive, not encrypted")
}
