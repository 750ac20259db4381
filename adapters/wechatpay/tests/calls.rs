//! Requests to the gateway and what its answers prove.

use http::{HeaderMap, StatusCode};
use payfold_domain::{Currency, Money, OutTradeNo, Timestamp, Verdict};
use payfold_wechatpay::{
    AccountConfig, CallFault, InWechat, PayRequest, Proof, Refusal, Reply, UnsentRequest,
    WechatPayAccount,
};
use serde_json::Value;

use crate::gateway::{
    KEY_ID, NOW, account, config, headers, now, signed_headers, signed_headers_at,
};
use crate::vectors::{self, text};

fn out_trade_no() -> OutTradeNo {
    OutTradeNo::new("PF202611230001").unwrap()
}

fn pay<'a>(out_trade_no: &'a OutTradeNo, nonce: &'a str) -> PayRequest<'a> {
    PayRequest {
        out_trade_no,
        amount: Money::cny(8800),
        description: "两本书",
        time_expire: Timestamp::from_secs(NOW + 7200),
        notify_url: "https://pay.example.com/notify/wx",
        now: now(),
        nonce,
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().to_str().unwrap()
}

#[test]
fn a_native_order_is_asked_for_in_the_gateways_words() {
    let no = out_trade_no();
    let request = account()
        .native_request(&pay(&no, "593BEC0C930BF1AFEB40B4A08C8FB242"))
        .unwrap();
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://api.mch.weixin.qq.com/v3/pay/transactions/native"
    );
    assert_eq!(header(request.headers(), "accept"), "application/json");
    assert_eq!(
        header(request.headers(), "content-type"),
        "application/json"
    );
    assert!(header(request.headers(), "user-agent").starts_with("payfold/"));
    assert_eq!(header(request.headers(), "wechatpay-serial"), KEY_ID);
    assert_eq!(
        std::str::from_utf8(request.body()).unwrap(),
        concat!(
            r#"{"appid":"wx8888888888888888","mchid":"1900000109","description":"两本书","out_trade_no":"PF202611230001","#,
            r#""time_expire":"2026-11-23T18:01:03+08:00","notify_url":"https://pay.example.com/notify/wx","#,
            r#""amount":{"total":8800,"currency":"CNY"}}"#
        )
    );
}

#[test]
fn the_signature_of_a_request_covers_exactly_what_is_sent() {
    use base64::Engine;
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::signature::Verifier;
    let account = WechatPayAccount::new(&AccountConfig {
        gateway_url: "http://127.0.0.1:8090/wechatpay/".to_owned(),
        ..config()
    })
    .ok()
    .unwrap();
    let no = out_trade_no();
    let request = account.native_request(&pay(&no, "nonce1")).unwrap();
    assert_eq!(
        request.uri(),
        "http://127.0.0.1:8090/wechatpay/v3/pay/transactions/native"
    );
    let authorization = header(request.headers(), "authorization");
    let field = |name: &str| {
        authorization
            .split_once(&format!("{name}=\""))
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0
    };
    let mut message = format!(
        "POST\n{}\n{}\n{}\n",
        request.uri().path(),
        field("timestamp"),
        field("nonce_str")
    )
    .into_bytes();
    message.extend_from_slice(request.body());
    message.push(b'\n');
    let signature = base64::engine::general_purpose::STANDARD
        .decode(field("signature"))
        .unwrap();
    let key = rsa::PrivateKey::from_pkcs8_pem(crate::gateway::private_key_pem().trim())
        .unwrap()
        .to_public_key();
    rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key)
        .verify(&message, &signature.as_slice().try_into().unwrap())
        .unwrap();
    assert!(authorization.starts_with("WECHATPAY2-SHA256-RSA2048 mchid=\"1900000109\","));
    assert_eq!(
        field("serial_no"),
        "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB"
    );
}

#[test]
fn a_descriptions_backticks_are_full_width_for_in_bills_they_end_cells() {
    let no = out_trade_no();
    let request = account().native_request(&PayRequest {
        description: "a,`b`",
        ..pay(&no, "nonce1")
    });
    let body: Value = serde_json::from_slice(request.unwrap().body()).unwrap();
    assert_eq!(body["description"], "a,｀b｀");
}

#[test]
fn a_description_is_cut_to_the_bytes_that_the_gateway_takes() {
    let no = out_trade_no();
    let long = "茶".repeat(127);
    let request = account().native_request(&PayRequest {
        description: &long,
        ..pay(&no, "nonce1")
    });
    let body: Value = serde_json::from_slice(request.unwrap().body()).unwrap();
    assert_eq!(body["description"], "茶".repeat(42));
}

#[test]
fn an_account_with_certificates_alone_chooses_no_key_for_the_answer() {
    let vector = vectors::v3_notify();
    let config = AccountConfig {
        platform_public_key_id: None,
        platform_public_key: None,
        platform_certs: vec![text(&vector, "/platform_certs/0/cert_pem").to_owned()],
        ..config()
    };
    let no = out_trade_no();
    let request = WechatPayAccount::new(&config)
        .ok()
        .unwrap()
        .native_request(&pay(&no, "nonce1"))
        .unwrap();
    assert!(!request.headers().contains_key("wechatpay-serial"));
}

#[test]
fn what_cannot_be_asked_is_not_sent() {
    let no = out_trade_no();
    let receives = WechatPayAccount::new(&AccountConfig {
        merchant_private_key: None,
        ..config()
    })
    .ok()
    .unwrap();
    assert!(matches!(
        receives.native_request(&pay(&no, "nonce1")),
        Err(UnsentRequest::ReceivesOnly)
    ));
    let dollars = PayRequest {
        amount: Money {
            minor: 1,
            currency: Currency::new("USD").unwrap(),
        },
        ..pay(&no, "nonce1")
    };
    assert!(matches!(
        account().native_request(&dollars),
        Err(UnsentRequest::NotRenminbi(_))
    ));
    for nonce in ["", "a\"b", "a\nb", "012345678901234567890123456789012"] {
        assert!(
            matches!(
                account().native_request(&pay(&no, nonce)),
                Err(UnsentRequest::BadNonce)
            ),
            "{nonce:?}"
        );
    }
}

#[test]
fn the_published_answer_in_public_key_mode_verifies() {
    let vector = vectors::v3_published();
    let response = &vector["response"];
    let account = WechatPayAccount::new(&AccountConfig {
        platform_public_key: Some(text(response, "/public_key_pem").to_owned()),
        ..config()
    })
    .ok()
    .unwrap();
    let sent = headers(&[
        ("Wechatpay-Timestamp", text(response, "/timestamp")),
        ("Wechatpay-Nonce", text(response, "/nonce")),
        ("Wechatpay-Serial", KEY_ID),
        ("Wechatpay-Signature", text(response, "/signature")),
    ]);
    let at = Timestamp::from_secs(text(response, "/timestamp").parse().unwrap());
    let body = text(response, "/body").as_bytes();
    let Reply::Done(verified) = account
        .verify_response(StatusCode::OK, &sent, body, at)
        .unwrap()
    else {
        panic!("expected an answer")
    };
    assert_eq!(
        verified.code_url().unwrap(),
        "weixin://wxpay/bizpayurl?pr=JyC91EIz1"
    );
}

#[test]
fn an_answer_without_content_is_verified_too() {
    let reply = account().verify_response(StatusCode::NO_CONTENT, &signed_headers(b""), b"", now());
    assert!(matches!(reply, Ok(Reply::Done(_))));
    let unsigned = account().verify_response(StatusCode::NO_CONTENT, &HeaderMap::new(), b"", now());
    assert_eq!(
        unsigned,
        Err(CallFault::Unverified(Refusal::HeaderMissing(
            "wechatpay-timestamp"
        )))
    );
}

#[test]
fn an_answer_that_is_not_verified_leaves_the_outcome_unknown() {
    let body = br#"{"code_url":"weixin://x"}"#;
    let mut probe = signed_headers(body);
    probe.insert(
        "Wechatpay-Signature",
        "WECHATPAY/SIGNTEST/AAAA".parse().unwrap(),
    );
    for (sent, refusal) in [
        (probe, "signature_probe"),
        (signed_headers(b"other"), "signature_wrong"),
        (signed_headers_at(NOW - 400, body), "outside_clock_window"),
        (HeaderMap::new(), "header_missing"),
    ] {
        match account().verify_response(StatusCode::OK, &sent, body, now()) {
            Err(CallFault::Unverified(found)) => assert_eq!(found.label(), refusal),
            other => panic!("{refusal}: {other:?}"),
        }
    }
}

#[test]
fn a_4xx_is_a_refusal_signed_or_not_but_never_wrongly_signed() {
    let body = r#"{"code":"PARAM_ERROR","message":"参数错误","detail":{}}"#.as_bytes();
    for (sent, proof) in [
        (HeaderMap::new(), Proof::Unsigned),
        (signed_headers(body), Proof::Signed),
    ] {
        let reply = account()
            .verify_response(StatusCode::BAD_REQUEST, &sent, body, now())
            .unwrap();
        let expected = Reply::Refused {
            verdict: Verdict::No,
            code: "PARAM_ERROR".to_owned(),
            message: "参数错误".to_owned(),
            proof,
        };
        assert_eq!(reply, expected);
    }
    let wrong = account().verify_response(
        StatusCode::BAD_REQUEST,
        &signed_headers(b"other"),
        body,
        now(),
    );
    assert!(matches!(wrong, Err(CallFault::Unverified(_))));
}

#[test]
fn what_the_gateway_did_not_say_itself_is_no_refusal() {
    let error: &[u8] = br#"{"code":"SYSTEM_ERROR","message":"x"}"#;
    for (status, body, code) in [
        (500, error, Some("SYSTEM_ERROR")),
        (503, b"", None),
        (502, b"<html>", None),
        (403, b"<html>", None),
        (404, b"{}", None),
        (
            400,
            br#"{"code":"the buyer oUpF8 is blocked","message":"x"}"#,
            None,
        ),
        (408, error, Some("SYSTEM_ERROR")),
        (302, b"", None),
    ] {
        let fault = account().verify_response(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body,
            now(),
        );
        assert_eq!(
            fault,
            Err(CallFault::Status {
                status,
                code: code.map(str::to_owned)
            })
        );
    }
}

#[test]
fn a_verified_answer_without_code_url_is_unreadable() {
    for body in [
        &b"{}"[..],
        br#"{"code_url":""}"#,
        br#"{"code_url":1}"#,
        b"x",
    ] {
        let Ok(Reply::Done(verified)) =
            account().verify_response(StatusCode::OK, &signed_headers(body), body, now())
        else {
            panic!("expected an answer")
        };
        assert!(matches!(verified.code_url(), Err(CallFault::Unreadable(_))));
    }
}

#[test]
fn error_texts_are_cut_to_what_is_worth_keeping() {
    let body =
        serde_json::json!({ "code": "C".repeat(500), "message": "信".repeat(5000) }).to_string();
    let Reply::Refused { code, message, .. } = account()
        .verify_response(
            StatusCode::FORBIDDEN,
            &HeaderMap::new(),
            body.as_bytes(),
            now(),
        )
        .unwrap()
    else {
        panic!("expected a refusal")
    };
    assert_eq!((code.len(), message.chars().count()), (64, 256));
}

#[test]
fn the_body_of_a_request_is_json_whatever_the_description_holds() {
    let no = out_trade_no();
    let description = "\"\\\n</x>&\u{1F600}";
    let request = account()
        .native_request(&PayRequest {
            description,
            ..pay(&no, "nonce1")
        })
        .unwrap();
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["description"], description);
}

#[test]
fn each_way_of_paying_has_its_path_its_application_and_what_it_asks_for_beside() {
    let no = out_trade_no();
    let pay = pay(&no, "nonce1");
    let body = |request: Result<http::Request<bytes::Bytes>, UnsentRequest>| {
        let request = request.unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        (request.uri().path().to_owned(), body)
    };
    let (path, page) = body(account().jsapi_request(&pay, InWechat::Page, "oUpF8"));
    assert_eq!(
        (path.as_str(), &page["payer"]["openid"]),
        ("/v3/pay/transactions/jsapi", &"oUpF8".into())
    );
    assert_eq!(page["appid"], "wx8888888888888888");
    let (path, mini) = body(account().jsapi_request(&pay, InWechat::MiniProgram, "oUpF8"));
    assert_eq!(
        (path.as_str(), &mini["appid"]),
        ("/v3/pay/transactions/jsapi", &"wx00000000000000aa".into())
    );
    let (path, app) = body(account().app_request(&pay));
    assert_eq!(
        (path.as_str(), app.get("payer"), app.get("scene_info")),
        ("/v3/pay/transactions/app", None, None)
    );
    let (path, h5) = body(account().h5_request(&pay, "203.0.113.7".parse().unwrap()));
    assert_eq!(path, "/v3/pay/transactions/h5");
    assert_eq!(
        h5["scene_info"],
        serde_json::json!({ "payer_client_ip": "203.0.113.7", "h5_info": { "type": "Wap" } })
    );
}

#[test]
fn an_answer_is_read_by_the_name_of_what_was_asked_for() {
    let body = br#"{"prepay_id":"wx1","h5_url":"https://wx.example/1"}"#;
    let account = account();
    let Ok(Reply::Done(verified)) =
        account.verify_response(StatusCode::OK, &signed_headers(body), body, now())
    else {
        panic!("expected an answer")
    };
    assert_eq!(verified.prepay_id().unwrap(), "wx1");
    assert_eq!(verified.h5_url().unwrap(), "https://wx.example/1");
    assert!(verified.code_url().is_err());
}
