//! Certificate mode 「证书模式 接入说明」: the keys in certificates, whether they lead to a root that the
//! merchant trusts, and the SNs by which requests name them. Reading files is the caller's part.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use md5::{Digest, Md5};
use payfold_domain::Timestamp;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

use crate::keys::{AlipayKey, Unusable, certificates_der};

/// The application's own certificate.
pub(crate) struct AppCertificate {
    /// What requests name it by, `app_cert_sn`.
    pub(crate) sn: String,
    /// Its key, as DER `SubjectPublicKeyInfo`.
    pub(crate) spki_der: Vec<u8>,
    pub(crate) expires_at: Timestamp,
}

/// Alipay's certificates.
pub(crate) struct AlipayCertificates {
    /// The keys of those that sign messages, in the order of the file, at least one.
    pub(crate) keys: Vec<AlipayKey>,
    /// When the first of them ends.
    pub(crate) expires_at: Timestamp,
    /// What one that comes later is held to.
    pub(crate) trust: Trust,
}

/// What a certificate of Alipay's that comes later is held to, all of it the configuration's.
pub(crate) struct Trust {
    roots: Vec<Vec<u8>>,
    /// The issuers in `alipay_cert_file`.
    issuers: Vec<Vec<u8>>,
    /// Whose the certificates in `alipay_cert_file` are, as DER. The same authority issues to every
    /// merchant, so that a chain alone proves little.
    holders: Vec<Vec<u8>>,
}

/// The roots that the merchant trusts.
pub(crate) struct Roots {
    der: Vec<Vec<u8>>,
    /// What requests name them by, `alipay_root_cert_sn`.
    pub(crate) sn: String,
}

const RSA_SIGNATURES: Oid<'static> = oid!(1.2.840.113549.1.1);
const SHA256_WITH_RSA: Oid<'static> = oid!(1.2.840.113549.1.1.11);
const SHA384_WITH_RSA: Oid<'static> = oid!(1.2.840.113549.1.1.12);
const SHA512_WITH_RSA: Oid<'static> = oid!(1.2.840.113549.1.1.13);

/// Leaf, intermediates, root: Alipay's own chain has three.
const LONGEST_CHAIN: usize = 5;

impl AppCertificate {
    /// Of the first certificate in `app_cert_file`.
    pub(crate) fn from_text(text: &str, now: Timestamp) -> Result<Self, Unusable> {
        const EXPECTED: Unusable = Unusable("the application's X.509 certificate in PEM");
        let der = certificates_der(text);
        let certificate = parse(der.first().ok_or(EXPECTED)?).ok_or(EXPECTED)?;
        if !is_valid_at(&certificate, now) {
            return Err(Unusable("a certificate that is valid today"));
        }
        Ok(Self {
            sn: sn(&certificate).ok_or(EXPECTED)?,
            spki_der: certificate.public_key().raw.to_vec(),
            expires_at: expires_at(&certificate),
        })
    }
}

impl Roots {
    /// Of all certificates in `alipay_root_cert_file`. What cannot be parsed (the SM2 root) is left
    /// out; the SN is that of those that are signed by RSA, with whatever hash.
    pub(crate) fn from_text(text: &str) -> Result<Self, Unusable> {
        let der = certificates_der(text);
        let sns: Vec<String> = der
            .iter()
            .filter_map(|der| parse(der))
            .filter(is_signed_by_rsa)
            .filter_map(|root| sn(&root))
            .collect();
        if sns.is_empty() {
            return Err(Unusable(
                "Alipay's root certificates in PEM, one of RSA among them",
            ));
        }
        Ok(Self {
            der,
            sn: sns.join("_"),
        })
    }
}

impl AlipayCertificates {
    /// Of `alipay_cert_file`: the certificate that signs messages first, then its issuers; others that
    /// sign may follow, as when Alipay changes over. Each must lead to one of `roots`.
    pub(crate) fn from_text(text: &str, roots: &Roots, now: Timestamp) -> Result<Self, Unusable> {
        const EXPECTED: Unusable = Unusable(
            "Alipay's X.509 certificate in PEM, with an RSA key of 2048 bits or more, before its issuers",
        );
        let der = certificates_der(text);
        let certificates: Vec<_> = der.iter().filter_map(|der| parse(der)).collect();
        if certificates.len() != der.len() {
            return Err(EXPECTED);
        }
        let root_der = &roots.der;
        let roots: Vec<_> = root_der.iter().filter_map(|der| parse(der)).collect();
        let (issuers, leaves): (Vec<_>, Vec<_>) = certificates
            .iter()
            .partition(|certificate| certificate.is_ca());
        if certificates.first().is_none_or(|first| first.is_ca()) {
            return Err(EXPECTED);
        }
        let mut keys = Vec::with_capacity(leaves.len());
        for leaf in &leaves {
            check_chain(leaf, &issuers, &roots, now)?;
            let sn = sn(leaf).ok_or(EXPECTED)?;
            keys.push(AlipayKey::from_certificate(leaf.public_key().raw, sn).ok_or(EXPECTED)?);
        }
        let expires_at = leaves.iter().map(|leaf| expires_at(leaf)).min();
        let issuers = der
            .iter()
            .filter(|der| parse(der).is_some_and(|it| it.is_ca()));
        let holder = |leaf: &&X509Certificate<'_>| leaf.subject().as_raw().to_vec();
        Ok(Self {
            keys,
            expires_at: expires_at.ok_or(EXPECTED)?,
            trust: Trust {
                roots: root_der.clone(),
                issuers: issuers.cloned().collect(),
                holders: leaves.iter().map(holder).collect(),
            },
        })
    }
}

impl Trust {
    /// The key of the certificate with that SN in a PEM text, perhaps with its issuers behind it.
    pub(crate) fn key_of(
        &self,
        text: &str,
        wanted: &str,
        now: Timestamp,
    ) -> Result<AlipayKey, Unusable> {
        const EXPECTED: Unusable = Unusable(
            "the X.509 certificate of that SN in PEM, of the holder whose certificate is in alipay_cert_file",
        );
        let brought = certificates_der(text);
        let certificates: Vec<_> = brought
            .iter()
            .chain(&self.issuers)
            .filter_map(|der| parse(der))
            .collect();
        let roots: Vec<_> = self.roots.iter().filter_map(|der| parse(der)).collect();
        let (issuers, leaves): (Vec<_>, Vec<_>) = certificates
            .iter()
            .partition(|certificate| certificate.is_ca());
        let [leaf] = leaves.as_slice() else {
            return Err(EXPECTED);
        };
        let is_known = |holder: &Vec<u8>| holder == leaf.subject().as_raw();
        if sn(leaf).as_deref() != Some(wanted) || !self.holders.iter().any(is_known) {
            return Err(EXPECTED);
        }
        check_chain(leaf, &issuers, &roots, now)?;
        AlipayKey::from_certificate(leaf.public_key().raw, wanted.to_owned()).ok_or(EXPECTED)
    }
}

/// Follows the issuers from a leaf up to a root.
fn check_chain(
    leaf: &X509Certificate<'_>,
    issuers: &[&X509Certificate<'_>],
    roots: &[X509Certificate<'_>],
    now: Timestamp,
) -> Result<(), Unusable> {
    let mut current = leaf;
    for _ in 0..LONGEST_CHAIN {
        if !is_valid_at(current, now) {
            return Err(Unusable(
                "a certificate that is valid today, and issuers that are",
            ));
        }
        if let Some(root) = roots.iter().find(|root| is_issued_by(current, root)) {
            return if is_valid_at(root, now) {
                Ok(())
            } else {
                Err(Unusable("a certificate whose root is valid today"))
            };
        }
        match issuers.iter().find(|issuer| is_issued_by(current, issuer)) {
            Some(issuer) => current = issuer,
            None => break,
        }
    }
    Err(Unusable(
        "a certificate that leads to a root in alipay_root_cert_file",
    ))
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let algorithm = &certificate.signature_algorithm.algorithm;
    let verification: &'static RsaParameters = if *algorithm == SHA256_WITH_RSA {
        &RSA_PKCS1_2048_8192_SHA256
    } else if *algorithm == SHA384_WITH_RSA {
        &RSA_PKCS1_2048_8192_SHA384
    } else if *algorithm == SHA512_WITH_RSA {
        &RSA_PKCS1_2048_8192_SHA512
    } else {
        return false;
    };
    issuer.is_ca()
        && certificate.issuer().as_raw() == issuer.subject().as_raw()
        && UnparsedPublicKey::new(verification, &issuer.public_key().subject_public_key.data)
            .verify(
                certificate.tbs_certificate.as_ref(),
                &certificate.signature_value.data,
            )
            .is_ok()
}

fn is_signed_by_rsa(certificate: &X509Certificate<'_>) -> bool {
    let algorithm = certificate.signature_algorithm.algorithm.as_bytes();
    algorithm.starts_with(RSA_SIGNATURES.as_bytes())
}

fn is_valid_at(certificate: &X509Certificate<'_>, now: Timestamp) -> bool {
    ASN1Time::from_timestamp(now.as_secs()).is_ok_and(|now| certificate.validity().is_valid_at(now))
}

fn expires_at(certificate: &X509Certificate<'_>) -> Timestamp {
    Timestamp::from_secs(certificate.validity().not_after.timestamp())
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Some(certificate),
        Ok(_) | Err(_) => None,
    }
}

/// Lower-case hex of the MD5 over the issuer's name and the serial number in decimal.
fn sn(certificate: &X509Certificate<'_>) -> Option<String> {
    let issuer = rfc2253(certificate.issuer())?;
    let serial = certificate.serial.to_string();
    let digest = Md5::digest(format!("{issuer}{serial}"));
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A name as Java's `X500Principal.getName()` writes it, which Alipay's own kit hashes: RFC 2253, the
/// last part first. `None` where a value is no text.
fn rfc2253(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for rdn in name.iter_rdn() {
        let mut attributes = Vec::new();
        for attribute in rdn.iter() {
            let key = short_name(attribute.attr_type())?;
            attributes.push(format!("{key}={}", escaped(attribute.as_str().ok()?)));
        }
        parts.push(attributes.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

/// The attributes that RFC 2253 has short names for; Alipay's issuers have no others.
fn short_name(attribute: &Oid<'_>) -> Option<&'static str> {
    [
        (oid!(2.5.4.3), "CN"),
        (oid!(2.5.4.11), "OU"),
        (oid!(2.5.4.10), "O"),
        (oid!(2.5.4.6), "C"),
        (oid!(2.5.4.7), "L"),
        (oid!(2.5.4.8), "ST"),
        (oid!(2.5.4.9), "STREET"),
        (oid!(0.9.2342.19200300.100.1.25), "DC"),
        (oid!(0.9.2342.19200300.100.1.1), "UID"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known == *attribute).then_some(name))
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, character) in value.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (at == 0 && matches!(character, '#' | ' '))
            || (at == last && character == ' ');
        if special {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> serde_json::Value {
        let folder = env!("CARGO_MANIFEST_DIR");
        let path = format!("{folder}/tests/vectors/{name}.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn sn_of_first(pem: &serde_json::Value) -> String {
        let der = certificates_der(pem.as_str().unwrap());
        sn(&parse(&der[0]).unwrap()).unwrap()
    }

    #[test]
    fn the_sn_of_every_certificate_is_what_alipays_kits_make_of_it() {
        let published = read("published");
        let sandbox = &published["alipay_sandbox_9021000122682882"];
        let node = &published["cert_sn_nodejs"];
        for certificates in [sandbox, node] {
            for name in ["app_cert", "alipay_cert"] {
                let expected = &certificates[format!("{name}_sn")];
                assert_eq!(&sn_of_first(&certificates[name]), expected);
            }
            let roots = Roots::from_text(certificates["alipay_root_cert"].as_str().unwrap());
            assert_eq!(&roots.unwrap().sn, &certificates["alipay_root_cert_sn"]);
        }
        let made = read("certs");
        assert_eq!(
            sn_of_first(&made["alipay_cert_chain"]),
            made["alipay_cert_sn"]
        );
        let other = &made["other_alipay_cert"];
        assert_eq!(sn_of_first(other), made["other_alipay_cert_sn"]);
    }

    #[test]
    fn roots_that_do_not_parse_are_left_out() {
        let made = read("certs");
        let roots = made["root_certs"].as_str().unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let read = Roots::from_text(&format!("{broken}{roots}")).unwrap();
        assert_eq!(read.sn, made["alipay_root_cert_sn"]);
        assert!(Roots::from_text(broken).is_err());
    }

    #[test]
    fn names_are_escaped_as_rfc_2253_asks() {
        assert_eq!(escaped("#A, B+C"), "\\#A\\, B\\+C");
        assert_eq!(escaped(" x "), "\\ x\\ ");
        assert_eq!(escaped(""), "");
    }
}
