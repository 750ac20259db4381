//! A ZIP file as Alipay makes it: its names are GBK, without the flag that would call them UTF-8, which
//! no library writes. Deflated, no extra fields (PKWARE's APPNOTE 6.3).

use std::io::{Error, Write as _};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use encoding_rs::GBK;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::beijing;

const VERSION: u16 = 20;
const MADE_BY_UNIX: u16 = 3 << 8 | VERSION;
const DEFLATED: u16 = 8;
const READABLE: u32 = 0o600 << 16;

/// Packs files, each with its name and its text, both to be in GBK.
pub(super) fn packed(files: &[(String, String)], at: DateTime<Utc>) -> Result<Vec<u8>, Error> {
    let too_big = |_| Error::other("a bill of more than 4 GiB");
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let (name, text) = (GBK.encode(name).0, GBK.encode(text).0);
        let mut crc = Crc::new();
        crc.update(&text);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&text)?;
        let deflated = encoder.finish()?;
        let offset = u32::try_from(archive.len()).map_err(too_big)?;
        let mut about = Vec::new();
        about.extend(VERSION.to_le_bytes());
        about.extend(0_u16.to_le_bytes());
        about.extend(DEFLATED.to_le_bytes());
        about.extend(dos_time(at));
        about.extend(crc.sum().to_le_bytes());
        about.extend(
            u32::try_from(deflated.len())
                .map_err(too_big)?
                .to_le_bytes(),
        );
        about.extend(u32::try_from(text.len()).map_err(too_big)?.to_le_bytes());
        about.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
        about.extend(0_u16.to_le_bytes());

        archive.extend(b"PK\x03\x04");
        archive.extend(&about);
        archive.extend(name.as_ref());
        archive.extend(&deflated);

        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY_UNIX.to_le_bytes());
        directory.extend(&about);
        // No comment, the first disk, no internal attributes.
        directory.extend([0; 6]);
        directory.extend(READABLE.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_ref());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let start = u32::try_from(archive.len()).map_err(too_big)?;
    let size = u32::try_from(directory.len()).map_err(too_big)?;
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count);
    archive.extend(count);
    archive.extend(size.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend(0_u16.to_le_bytes());
    Ok(archive)
}

/// Time, then date, as DOS packs them, in Beijing.
fn dos_time(at: DateTime<Utc>) -> [u8; 4] {
    let local = beijing::local(at);
    let time = (local.hour() << 11) | (local.minute() << 5) | (local.second() / 2);
    let year = u32::try_from(local.year() - 1980).unwrap_or(0);
    let date = (year << 9) | (local.month() << 5) | local.day();
    (date << 16 | time).to_le_bytes()
}
