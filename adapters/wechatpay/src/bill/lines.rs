//! Lines of a bill, one at a time: unpacked, bounded, counted, and hashed.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use payfold_domain::bill::RefusedBill;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// How long a bill may be, unpacked: some million rows. What is longer is no day's bill.
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// How long a line may be, in bytes: the widest rows have some hundreds.
const MOST_LINE_BYTES: u64 = 16 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The lines of a bill, read one by one.
pub(super) struct Lines<'a> {
    reader: BufReader<Box<dyn Read + 'a>>,
    bytes: Vec<u8>,
    number: u64,
    left: u64,
    sha1: Sha1,
    sha256: Sha256,
}

/// A line of a bill.
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What stands in it.
    pub(super) text: Cow<'a, str>,
}

impl<'a> Lines<'a> {
    /// Opens a bill, packed by gzip or plain 「下载账单」.
    pub(super) fn open(mut file: impl Read + Seek + 'a) -> Result<Self, RefusedBill> {
        let mut start = Vec::new();
        file.by_ref()
            .take(2)
            .read_to_end(&mut start)
            .and_then(|_| file.seek(SeekFrom::Start(0)))
            .map_err(|error| RefusedBill::new(0, error.to_string(), "a readable file"))?;
        let unpacked: Box<dyn Read + 'a> = if start == GZIP {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, unpacked),
            bytes: Vec::new(),
            number: 0,
            left: MOST_BYTES,
            sha1: Sha1::new(),
            sha256: Sha256::new(),
        })
    }

    /// How many lines were read.
    pub(super) fn count(&self) -> u64 {
        self.number
    }

    /// The next line, without its end; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, RefusedBill> {
        if !self.fill()? {
            return Ok(None);
        }
        let number = self.number;
        let text = str::from_utf8(&self.bytes)
            .map_err(|_no_text| RefusedBill::new(number, "bytes that are no text", "UTF-8"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        // The header alone may stand behind a byte order mark.
        let text = match number {
            1 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        Ok(Some(Line {
            number,
            text: Cow::Borrowed(text),
        }))
    }

    /// Reads what follows the sums, which is nothing, and compares the hash; gives the digest.
    pub(super) fn finish(mut self, stated: Option<[u8; 20]>) -> Result<[u8; 32], RefusedBill> {
        while let Some(line) = self.next()? {
            if !line.text.is_empty() {
                let expected = "nothing after the sums";
                return Err(RefusedBill::new(line.number, &line.text, expected));
            }
        }
        let sha1: [u8; 20] = self.sha1.finalize().into();
        match stated {
            Some(stated) if stated != sha1 => Err(RefusedBill::new(
                self.number,
                format!("the SHA-1 {}", hex(&sha1)),
                format!("{}, as the gateway stated it", hex(&stated)),
            )),
            Some(_) | None => Ok(self.sha256.finalize().into()),
        }
    }

    /// Reads the bytes of the next line, its end among them; says whether there is one.
    fn fill(&mut self) -> Result<bool, RefusedBill> {
        self.bytes.clear();
        let most = MOST_LINE_BYTES.min(self.left);
        let read = self
            .reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.bytes);
        let read = match read {
            Ok(read) => u64::try_from(read).unwrap_or(u64::MAX),
            Err(error) => {
                let (found, expected) = (error.to_string(), "the rest of the bill");
                return Err(RefusedBill::new(self.number, found, expected));
            }
        };
        if read == 0 && most > 0 {
            return Ok(false);
        }
        self.number += 1;
        self.left -= read;
        if read == most && self.bytes.last() != Some(&b'\n') {
            let expected = format!("lines of at most {MOST_LINE_BYTES} bytes");
            return Err(RefusedBill::new(
                self.number,
                "a line or a file without end",
                expected,
            ));
        }
        self.sha1.update(&self.bytes);
        self.sha256.update(&self.bytes);
        Ok(true)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
