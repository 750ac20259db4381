//! What lies in the folder.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payfold_sandbox::{Ports, is_sandbox_key, open};
use sha2::{Digest as _, Sha256};

use crate::world::{FOLDER, PORTS, account, clock, entropy, file, sign_with};

#[test]
fn a_first_start_makes_every_file_that_both_sides_need() {
    for name in [
        "payfold.toml",
        "api.key",
        "alipay/app_private_key.pem",
        "alipay/app_private_key_pkcs8.pem",
        "alipay/alipay_public_key.pem",
        "alipay/app_cert.pem",
        "alipay/alipay_cert.pem",
        "alipay/alipay_root_cert.pem",
        "alipay/account.json",
        "wechatpay/apiclient_key.pem",
        "wechatpay/apiclient_cert.pem",
        "wechatpay/pub_key.pem",
        "wechatpay/platform_cert.pem",
        "wechatpay/account.json",
    ] {
        assert!(FOLDER.join(name).is_file(), "{name}");
    }
    assert_eq!(
        account("alipay", "gateway_url"),
        "http://127.0.0.1:8090/gateway.do"
    );
    assert_eq!(account("wechatpay", "gateway_url"), "http://127.0.0.1:8090");
    assert_eq!(account("wechatpay", "api_v3_key").len(), 32);
    assert_eq!(account("wechatpay", "api_v2_key").len(), 32);
    assert_eq!(account("wechatpay", "merchant_cert_serial").len(), 40);
}

#[test]
fn the_configuration_names_the_key_by_its_hash_and_only_files_that_are_there() {
    let configuration: toml::Table = toml::from_str(&file("payfold.toml")).unwrap();
    let key = file("api.key");
    let hash: String = Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        configuration["api_keys"][0]["sha256"].as_str().unwrap(),
        hash
    );
    for name in ["ali", "wx"] {
        for (field, value) in configuration["accounts"][name].as_table().unwrap() {
            if let Some(path) = value.as_str().filter(|_| field.ends_with("_file")) {
                assert!(FOLDER.join(path).is_file(), "{field} = {path}");
            }
        }
    }
}

#[test]
fn a_later_start_keeps_the_keys_and_follows_its_port() {
    let dir = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let to = dir.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(FOLDER.join(name), to).unwrap();
    };
    for gateway in ["alipay", "wechatpay"] {
        for entry in std::fs::read_dir(FOLDER.join(gateway)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // A folder that was made earlier has no key for Java yet.
            if !name.ends_with(".new") && !name.ends_with("_pkcs8.pem") {
                copy(&format!("{gateway}/{name}"));
            }
        }
    }
    copy("api.key");
    copy("payfold.toml");
    let edited = file("payfold.toml").replace(":8080", ":9999") + "# a line of my own\n";
    std::fs::write(dir.path().join("payfold.toml"), edited).unwrap();
    open(
        dir.path(),
        Ports {
            sandbox: 18_090,
            ..PORTS
        },
        &clock(),
        &entropy(3),
    )
    .unwrap();
    let configuration = std::fs::read_to_string(dir.path().join("payfold.toml")).unwrap();
    assert!(configuration.contains("gateway_url = \"http://127.0.0.1:18090/gateway.do\""));
    assert!(configuration.contains("return_origins = [\"http://127.0.0.1:18090\"]"));
    assert!(configuration.contains("public_url = \"http://127.0.0.1:9999\""));
    assert!(configuration.ends_with("# a line of my own\n"));
    for name in ["app_private_key.pem", "app_private_key_pkcs8.pem"] {
        let key = std::fs::read_to_string(dir.path().join("alipay").join(name)).unwrap();
        assert_eq!(key, file(&format!("alipay/{name}")));
    }
}

#[test]
fn the_applications_key_lies_there_in_pkcs1_and_in_pkcs8() {
    let signed = |name| sign_with(name, b"x");
    let pkcs8 = file("alipay/app_private_key_pkcs8.pem");
    assert!(pkcs8.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(
        signed("alipay/app_private_key_pkcs8.pem"),
        signed("alipay/app_private_key.pem")
    );
}

#[test]
fn the_sandboxs_keys_are_known_in_every_form_and_others_are_not() {
    for name in [
        "alipay/app_private_key.pem",
        "alipay/app_private_key_pkcs8.pem",
        "alipay/alipay_public_key.pem",
        "wechatpay/apiclient_key.pem",
        "wechatpay/apiclient_cert.pem",
        "wechatpay/pub_key.pem",
        "wechatpay/platform_cert.pem",
    ] {
        let pem = file(name);
        assert!(is_sandbox_key(pem.as_bytes()), "{name}");
        let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(is_sandbox_key(bare.as_bytes()), "{name} without its lines");
        assert!(
            is_sandbox_key(format!("\u{feff}{bare}\r\n").as_bytes()),
            "{name} with a BOM"
        );
    }
    let others: serde_json::Value =
        serde_json::from_str(include_str!("vectors/alipay_keys.json")).unwrap();
    for (name, key) in others.as_object().unwrap() {
        assert!(!is_sandbox_key(key.as_str().unwrap().as_bytes()), "{name}");
    }
    for junk in [
        &b""[..],
        b"-----BEGIN ",
        b"-----BEGIN X-----\n-----END X-----",
        b"\xff\xfe",
        b"AAAA",
    ] {
        assert!(!is_sandbox_key(junk));
    }
}

#[test]
fn a_key_that_is_wrapped_more_than_once_is_none_however_deep() {
    let pem = file("wechatpay/apiclient_key.pem");
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut key = STANDARD.decode(bare).unwrap();
    assert!(is_sandbox_key(&key), "it is PKCS#8");
    for _ in 0..2_000 {
        key = in_pkcs8(&key);
        assert!(!is_sandbox_key(&key));
    }
}

/// The DER of an RSA key in PKCS#8.
fn in_pkcs8(key: &[u8]) -> Vec<u8> {
    const VERSION_AND_ALGORITHM: &[u8] =
        b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let tagged = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        let length = &length[zeros..];
        let form = 0x80 | u8::try_from(length.len()).unwrap();
        [&[tag, form], length, content].concat()
    };
    tagged(0x30, &[VERSION_AND_ALGORITHM, &tagged(0x04, key)].concat())
}
