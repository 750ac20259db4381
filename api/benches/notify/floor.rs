//! What the machine takes for what cannot be left out of a durable notify: one signature verified,
//! and its bytes made durable.

use std::fs::File;
use std::io::Write;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use crate::load::Measured;
use crate::report;
use crate::service::Service;
use crate::sign::Alipay;

/// Measures and prints both.
pub(crate) fn print(service: &Service, alipay: &Alipay, steps: usize) {
    let (text, signature) = alipay.signed();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, alipay.public_key());
    let verify = Measured::of(steps, || key.verify(text.as_bytes(), &signature).unwrap());
    report("floor: one signature verified", &verify);
    let mut file = File::create(service.folder().join("floor")).unwrap();
    let durable = Measured::of(steps, || {
        file.write_all(text.as_bytes()).unwrap();
        file.sync_data().unwrap();
    });
    report("floor: one message made durable", &durable);
}
