//! Certificates as the gateways and their authorities issue them, and the names by which requests know
//! them.

use std::str::FromStr as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use rsa::PrivateKey;
use rsa::sha2::Sha256;
use x509_cert::Certificate;
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Result as Built};
use x509_cert::der::asn1::UtcTime;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{DecodePem as _, EncodePem as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::beijing;
use crate::keys::KeyNotMade;
use crate::outside::Entropy;

const LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Bytes of a serial number of WeChat Pay's, and of Alipay's.
const LONG_SERIAL: usize = 20;
const SHORT_SERIAL: usize = 16;

/// A certificate.
pub(crate) struct Cert {
    pub(crate) pem: String,
    /// In upper-case hexadecimal digits; WeChat Pay's name for it.
    pub(crate) serial: String,
    /// Alipay's name for it: MD5 over the issuer and the serial number in decimal.
    pub(crate) sn: String,
    /// From when until when it is good, as WeChat Pay writes times.
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Somebody with a name (RFC 4514) and a key.
pub(crate) struct Holder<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a PrivateKey,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To issue others.
    Authority,
    /// To sign messages.
    Leaf,
}

/// A certificate that speaks for itself and promises nothing more.
pub(crate) fn self_signed(
    holder: &Holder<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Cert, KeyNotMade> {
    made(holder, holder, Profile::bare, LONG_SERIAL, now, entropy)
}

/// A certificate that somebody issues to somebody.
pub(crate) fn issued(
    to: &Holder<'_>,
    by: &Holder<'_>,
    role: Role,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Cert, KeyNotMade> {
    let profile = |issuer, subject| Profile {
        issuer,
        subject,
        role: Some(role),
    };
    made(to, by, profile, SHORT_SERIAL, now, entropy)
}

fn made(
    to: &Holder<'_>,
    by: &Holder<'_>,
    profile: impl FnOnce(Name, Name) -> Profile,
    serial_bytes: usize,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> Result<Cert, KeyNotMade> {
    let mut serial = vec![0; serial_bytes];
    entropy(&mut serial);
    // Neither a sign bit nor a leading zero.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    let from = Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or(0));
    let time = |at| UtcTime::from_unix_duration(at).map(Time::UtcTime);
    let validity = Validity::new(
        time(from).map_err(not_made)?,
        time(from + LIFE).map_err(not_made)?,
    );
    let name = |name| Name::from_str(name).map_err(not_made);
    let builder = CertificateBuilder::new(
        profile(name(by.name)?, name(to.name)?),
        SerialNumber::new(&serial).map_err(not_made)?,
        validity,
        SubjectPublicKeyInfo::from_key(&to.key.to_public_key()).map_err(not_made)?,
    )
    .map_err(not_made)?;
    let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(by.key.clone());
    let certificate = builder
        .build::<_, rsa::pkcs1v15::Signature>(&signer)
        .map_err(not_made)?;
    Cert::new(&certificate)
}

fn not_made(problem: impl ToString) -> KeyNotMade {
    KeyNotMade {
        what: "certificate",
        problem: problem.to_string(),
    }
}

impl Cert {
    fn new(certificate: &Certificate) -> Result<Self, KeyNotMade> {
        let pem = certificate.to_pem(LineEnding::LF).map_err(not_made)?;
        let tbs = certificate.tbs_certificate();
        let bytes = tbs.serial_number().as_bytes();
        let serial = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let hashed = Md5::digest(format!("{}{}", tbs.issuer(), decimal(bytes)));
        let sn = hashed.iter().map(|byte| format!("{byte:02x}")).collect();
        let time = |time: &Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(0);
            beijing::rfc3339(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
        };
        let validity = tbs.validity();
        Ok(Self {
            pem,
            serial,
            sn,
            from: time(&validity.not_before),
            to: time(&validity.not_after),
        })
    }

    /// Of the first certificate in a file; the others stay behind it.
    pub(crate) fn from_pem(text: &str) -> Result<Self, KeyNotMade> {
        const END: &str = "-----END CERTIFICATE-----";
        let first = text.split_once(END).map_or(text, |(first, _)| first);
        let first = format!("{first}{END}\n");
        let certificate = Certificate::from_pem(&first).map_err(not_made)?;
        Ok(Self {
            pem: text.to_owned(),
            ..Self::new(&certificate)?
        })
    }
}

/// A big-endian number in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or(0);
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

/// Who issues to whom, and what for.
struct Profile {
    issuer: Name,
    subject: Name,
    /// Nothing is said of it where it is none.
    role: Option<Role>,
}

impl Profile {
    fn bare(issuer: Name, subject: Name) -> Self {
        Self {
            issuer,
            subject,
            role: None,
        }
    }
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _spk: SubjectPublicKeyInfoRef<'_>,
        _issuer_spk: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> Built<Vec<Extension>> {
        let Some(role) = self.role else {
            return Ok(Vec::new());
        };
        let constraints = BasicConstraints {
            ca: role == Role::Authority,
            path_len_constraint: None,
        };
        let usage = match role {
            Role::Authority => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Role::Leaf => KeyUsages::DigitalSignature.into(),
        };
        Ok(vec![
            constraints.to_extension(&self.subject, &[])?,
            KeyUsage(usage).to_extension(&self.subject, &[])?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn a_serial_number_of_any_length_has_its_decimal_digits() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        let serial = 0x2024_0926_221f_4e6c_490e_55a1_5652_d803_u128;
        assert_eq!(decimal(&serial.to_be_bytes()), serial.to_string());
        assert_eq!(
            decimal(&[0xff; 20]),
            "1461501637330902918203684832716283019655932542975"
        );
    }
}
