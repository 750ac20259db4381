//! Which keys an account takes, in which clothes, and what it says of the others.

use zeroize::Zeroizing;

use crate::fixture::{Draft, config, faults, made, text, today, vectors};

/// As an editor on Windows leaves it: a byte order mark, CRLF, blanks, lines of another length.
fn untidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    format!("\u{feff} {}\r\n\r\n", lines.join(" \r\n"))
}

#[test]
fn every_form_of_alipays_public_key_verifies() {
    let keys = vectors("keys");
    let body = Draft::paid().signed();
    for form in ["public_spki_base64", "public_spki_pem", "public_pkcs1_pem"] {
        let key = text(&keys, &format!("/alipay/{form}"));
        for key in [key.to_owned(), untidy(key)] {
            let mut config = config();
            config.alipay_public_key = Some(key);
            let account = made(&config);
            assert!(account.verify_notify(&body, today()).is_ok(), "{form}");
            assert_eq!(account.public_keys(), made(&self::config()).public_keys());
        }
    }
}

#[test]
fn every_form_of_the_private_key_is_read() {
    let keys = vectors("keys");
    for form in ["pkcs8_base64", "pkcs1_base64", "pkcs8_pem", "pkcs1_pem"] {
        let key = text(&keys, &format!("/app/{form}"));
        for key in [key.to_owned(), untidy(key)] {
            let mut config = config();
            config.app_private_key = Some(Zeroizing::new(key));
            assert!(!made(&config).receives_only(), "{form}");
        }
    }
}

#[test]
fn bare_base64_may_be_broken_into_lines() {
    let keys = vectors("keys");
    let broken: Vec<String> = text(&keys, "/alipay/public_spki_base64")
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let mut config = config();
    config.alipay_public_key = Some(broken.join("\r\n"));
    made(&config);
}

#[test]
fn the_public_half_of_the_applications_own_key_is_refused_as_alipays() {
    let mut config = config();
    config.alipay_public_key = Some(text(&vectors("keys"), "/app/public_spki_base64").to_owned());
    assert_eq!(faults(&config, today()), ["alipay_public_key_file"]);
}

#[test]
fn a_key_under_2048_bits_is_refused() {
    let mut config = config();
    config.alipay_public_key = Some(SHORT_PUBLIC_KEY.to_owned());
    config.app_private_key = Some(Zeroizing::new(SHORT_PRIVATE_KEY.to_owned()));
    assert_eq!(
        faults(&config, today()),
        ["app_private_key_file", "alipay_public_key_file"]
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut config = config();
    config.app_id = "wx0000000000000000".to_owned();
    config.seller_id = String::new();
    config.gateway_url = "openapi.alipay.com/gateway.do".to_owned();
    config.app_private_key = Some(Zeroizing::new("no key".to_owned()));
    config.alipay_public_key = None;
    assert_eq!(
        faults(&config, today()),
        [
            "app_id",
            "seller_id",
            "gateway_url",
            "app_private_key_file",
            "alipay_public_key_file"
        ]
    );
}

#[test]
fn a_private_key_is_no_public_key_and_the_other_way_round() {
    let keys = vectors("keys");
    let mut config = config();
    config.alipay_public_key = Some(text(&keys, "/alipay/pkcs8_pem").to_owned());
    let public = text(&keys, "/app/public_spki_pem").to_owned();
    config.app_private_key = Some(Zeroizing::new(public));
    assert_eq!(
        faults(&config, today()),
        ["app_private_key_file", "alipay_public_key_file"]
    );
}

#[test]
fn without_a_private_key_the_account_only_receives() {
    let mut config = config();
    config.app_private_key = None;
    let account = made(&config);
    assert!(account.receives_only());
    assert!(
        account
            .verify_notify(&Draft::paid().signed(), today())
            .is_ok()
    );
}

const SHORT_PUBLIC_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDI4rPhTt1Lgaxd2dFmtW6zXZ1p
8grwQwkXNmh1c34CUo8rJsfaU7mHz5PAALIloWWVxNZcTOaZBYffW3xLv4EStGo1
8NYnkrXvTkpooBpTSBr9YN4Y+v0Uo1KJbYzOMRm3SGwIYdSrt+YXdmqUOBYwqG0j
I8Nx/xj71GWy94AhQQIDAQAB
-----END PUBLIC KEY-----
";

const SHORT_PRIVATE_KEY: &str = "\
-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDI4rPhTt1Lgaxd2dFmtW6zXZ1p8grwQwkXNmh1c34CUo8rJsfa
U7mHz5PAALIloWWVxNZcTOaZBYffW3xLv4EStGo18NYnkrXvTkpooBpTSBr9YN4Y
+v0Uo1KJbYzOMRm3SGwIYdSrt+YXdmqUOBYwqG0jI8Nx/xj71GWy94AhQQIDAQAB
AoGBAKLiBr5yZsa5bxxt5/dit07iYiesZSgpAq76o7pQGeUiMgnoGPYzGuU+72so
ZUpT0n2cq78Nb5C1xlTZ5i+5KJqj0VFdEAglMil0qCcf5KUQrlX1kIBM5RrU7l30
FZBMAY0zApmA/ZGYl/z5V2heakE6zMLvmPmJ90nqSY4eIeM9AkEA982fK6KajmUA
9JAWoxuGurH7q1KvsYu/Pi3S9Qf+5xFRgtjhoC6WhvzqHoeZPo/XZ8GjymOKYhBg
bF8MdHU3EwJBAM+HyS8m5OXH75qbkiS2W5CRjY24b9FM8+Wy6b8kQmC4Kj5Nvg76
01bRPt9vspxv4GAHBI69NeEysZuRFLXKbNsCQFU0KFSSll37sLZmjMIMhujOpeAk
kDCWAm3Yx75kv2qn88Tv2bSAEFXdxIo2yaRPRRtx42WFkGFjjCP3EotAem0CQQDJ
2+fih1Bp+NmkZuH197KEoi8vxFBvIwyxRh96nkg6T6g3ReMyKuNaNNmU986hv2hd
vzW9qWk5DNgY2ztrv+O1AkAu3Qwr3C89rB+lumz4hWZB9v3nDYF+M/wT8rej9M0H
zuRXS6MvUzU3jipOgzfLzkLCyg9MYnFi7WtPUuFlN5DG
-----END RSA PRIVATE KEY-----
";
