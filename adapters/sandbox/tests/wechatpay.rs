//! WeChat Pay's API, and its notifies by v3 and v2.

use aes::cipher::BlockCipherDecrypt as _;
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use md5::{Digest as _, Md5};
use payfold_sandbox::{Call, Settings};
use serde_json::{Value, json};

use crate::world::{Said, World, account, file, holds, sign_with};

const NATIVE: &str = "/v3/pay/transactions/native";

pub(crate) fn order(number: &str, total: u64) -> Value {
    json!({
        "appid": account("wechatpay", "app_id"),
        "mchid": account("wechatpay", "mch_id"),
        "description": "一本书",
        "out_trade_no": number,
        "notify_url": "http://shop.test/notify/wx",
        "amount": { "total": total, "currency": "CNY" },
    })
}

/// A merchant's call; `sent` is what becomes of the body after it was signed.
pub(crate) struct Merchant<'a> {
    pub(crate) world: &'a World,
    pub(crate) at: i64,
    pub(crate) public_key: Option<String>,
}

impl<'a> Merchant<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let public_key = Some(account("wechatpay", "platform_public_key_id"));
        Self {
            world,
            at: world.now().timestamp(),
            public_key,
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, signed: &str, sent: &str) -> Said {
        let headers = [("accept", "application/json"), ("user-agent", "a shop")];
        self.call_with(&headers, (method, path), signed, sent).await
    }

    /// A call with these headers beside those that sign it.
    pub(crate) async fn call_with(
        &self,
        headers: &[(&str, &str)],
        (method, path): (&str, &str),
        signed: &str,
        sent: &str,
    ) -> Said {
        let (mch_id, serial) = (
            account("wechatpay", "mch_id"),
            account("wechatpay", "merchant_cert_serial"),
        );
        let at = self.at;
        let message = format!("{method}\n{path}\n{at}\nNONCE\n{signed}\n");
        let signature = sign_with("wechatpay/apiclient_key.pem", message.as_bytes());
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mch_id}\",nonce_str=\"NONCE\",\
             signature=\"{signature}\",timestamp=\"{at}\",serial_no=\"{serial}\""
        );
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", authorization);
        if let Some(id) = &self.public_key {
            request = request.header("wechatpay-serial", id);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.world
            .ask(request.body(Body::from(sent.to_owned())).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Said {
        self.call("POST", path, &body.to_string(), &body.to_string())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.call("GET", path, "", "").await
    }
}

async fn ordered(world: &World, body: &Value) -> Said {
    Merchant::new(world).post(NATIVE, body).await
}

pub(crate) fn answer_holds(said: &Said, key: &str) -> bool {
    let (time, nonce) = (
        said.header("wechatpay-timestamp"),
        said.header("wechatpay-nonce"),
    );
    let message = format!("{time}\n{nonce}\n{}\n", said.text());
    holds(key, message.as_bytes(), said.header("wechatpay-signature"))
}

pub(crate) fn notify_holds(call: &Call, key: &str) -> bool {
    let header = |name| {
        &call
            .headers
            .iter()
            .find(|(other, _)| *other == name)
            .unwrap()
            .1
    };
    let body = std::str::from_utf8(&call.body).unwrap();
    let (time, nonce) = (header("wechatpay-timestamp"), header("wechatpay-nonce"));
    let message = format!("{time}\n{nonce}\n{body}\n");
    holds(key, message.as_bytes(), header("wechatpay-signature"))
}

pub(crate) fn decrypted(call: &Call) -> Value {
    let envelope: Value = serde_json::from_slice(&call.body).unwrap();
    serde_json::from_slice(&opened(&envelope["resource"])).unwrap()
}

/// What was encrypted under the APIv3 key.
pub(crate) fn opened(resource: &Value) -> Vec<u8> {
    let text = |name: &str| resource[name].as_str().unwrap();
    let cipher = Aes256Gcm::new_from_slice(account("wechatpay", "api_v3_key").as_bytes()).unwrap();
    let nonce = Nonce::try_from(text("nonce").as_bytes()).unwrap();
    let sealed = STANDARD.decode(text("ciphertext")).unwrap();
    let payload = Payload {
        msg: &sealed,
        aad: text("associated_data").as_bytes(),
    };
    cipher.decrypt(&nonce, payload).unwrap()
}

pub(crate) async fn pay(world: &World, number: &str, via: &str) -> Said {
    let body = json!({ "gateway": "wechatpay", "out_trade_no": number, "via": via });
    world.post("/_sandbox/pay", body).await
}

#[tokio::test]
async fn a_native_order_is_paid_by_its_code_and_told_encrypted_and_signed() {
    let world = World::new();
    let said = ordered(&world, &order("order_1", 8_800)).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text());
    assert!(answer_holds(&said, "wechatpay/pub_key.pem"));
    let code_url = said.json()["code_url"].as_str().unwrap().to_owned();
    let code = code_url
        .strip_prefix("weixin://wxpay/bizpayurl?pr=")
        .unwrap();
    let page = world.get(&format!("/wechatpay/qr?pr={code}")).await.text();
    assert!(page.contains("<svg") && page.contains("88.00") && page.contains("一本书"));
    let page = world
        .form("/wechatpay/qr", &format!("code={code}&act=pay"))
        .await
        .text();
    assert!(page.contains("支付成功"));

    world.shop.will_answer(&[(204, "")]);
    assert_eq!(world.sandbox.deliver_due().await, 1);
    let call = world.shop.received().remove(0);
    assert!(notify_holds(&call, "wechatpay/pub_key.pem"));
    let transaction = decrypted(&call);
    assert_eq!(transaction["trade_state"], "SUCCESS");
    assert_eq!(transaction["amount"]["total"], 8_800);
    assert_eq!(transaction["success_time"], "2026-11-23T16:00:00+08:00");
    assert_eq!(transaction["mchid"], account("wechatpay", "mch_id"));
    let trade = world.only_trade().await;
    assert_eq!(trade["state"], "SUCCESS");
    assert_eq!(trade["transaction_id"], transaction["transaction_id"]);
    assert_eq!(world.sandbox.next_due(), None);
}

#[tokio::test]
async fn without_a_public_key_id_the_platform_certificate_signs_answers_and_notifies() {
    let world = World::new();
    let body = order("order_1", 1);
    let merchant = Merchant {
        public_key: None,
        ..Merchant::new(&world)
    };
    let said = merchant.post(NATIVE, &body).await;
    assert!(answer_holds(&said, "wechatpay/platform_cert.pem"));
    pay(&world, "order_1", "v3").await;
    world.sandbox.deliver_due().await;
    assert!(notify_holds(
        &world.shop.received()[0],
        "wechatpay/platform_cert.pem"
    ));
}

#[tokio::test]
async fn the_same_order_gets_a_new_code_and_another_one_under_its_number_is_refused() {
    let world = World::new();
    let first = ordered(&world, &order("order_1", 1)).await.json();
    let again = ordered(&world, &order("order_1", 1)).await.json();
    assert_ne!(first["code_url"], again["code_url"]);
    let other = ordered(&world, &order("order_1", 2)).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert_eq!(other.json()["code"], "INVALID_REQUEST");
    pay(&world, "order_1", "v3").await;
    assert_eq!(
        ordered(&world, &order("order_1", 1)).await.json()["code"],
        "ORDER_PAID"
    );
}

#[tokio::test]
async fn a_call_is_refused_where_signature_clock_or_merchant_is_wrong() {
    let world = World::new();
    let (body, now) = (order("order_1", 1), world.now().timestamp());
    let at = |at| Merchant {
        world: &world,
        at,
        public_key: None,
    };
    let other = order("order_1", 2).to_string();
    let changed = at(now)
        .call("POST", NATIVE, &body.to_string(), &other)
        .await;
    let early = at(now + 301).post(NATIVE, &body).await;
    let late = at(now - 301).post(NATIVE, &body).await;
    let bare = world.post(NATIVE, body.clone()).await;
    for said in [changed, early, late, bare] {
        assert_eq!(said.status, StatusCode::UNAUTHORIZED);
        assert_eq!(said.json()["code"], "SIGN_ERROR");
        assert!(!said.has_header("wechatpay-signature"));
    }
    let mut foreign = body.clone();
    foreign["appid"] = json!("wx0000000000000000");
    assert_eq!(
        ordered(&world, &foreign).await.json()["code"],
        "APPID_MCHID_NOT_MATCH"
    );
    let mut wrong = body;
    wrong["amount"]["total"] = json!(0);
    let said = ordered(&world, &wrong).await;
    assert_eq!(said.json()["code"], "PARAM_ERROR");
    assert_eq!(said.json()["detail"]["field"], "/amount/total");
}

#[tokio::test]
async fn a_query_says_what_became_of_an_order_and_closing_ends_it() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let mch_id = account("wechatpay", "mch_id");
    let by_number = |number| format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mch_id}");
    let unknown = merchant.get(&by_number("order_0")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.json()["code"], "ORDER_NOT_EXIST");
    for number in ["order_1", "order_2"] {
        ordered(&world, &order(number, 7)).await;
    }
    let open = merchant.get(&by_number("order_1")).await;
    assert!(answer_holds(&open, "wechatpay/pub_key.pem"));
    assert_eq!(open.json()["trade_state"], "NOTPAY");
    pay(&world, "order_1", "v3").await;
    let paid = merchant.get(&by_number("order_1")).await.json();
    assert_eq!(paid["trade_state"], "SUCCESS");
    assert_eq!(paid["amount"]["total"], 7);
    let id = paid["transaction_id"].as_str().unwrap();
    let by_id = format!("/v3/pay/transactions/id/{id}?mchid={mch_id}");
    assert_eq!(merchant.get(&by_id).await.json(), paid);

    let close = |number| format!("/v3/pay/transactions/out-trade-no/{number}/close");
    let whose = json!({ "mchid": mch_id });
    assert_eq!(
        merchant.post(&close("order_1"), &whose).await.json()["code"],
        "ORDER_PAID"
    );
    for _ in 0..2 {
        let closed = merchant.post(&close("order_2"), &whose).await;
        assert_eq!(closed.status, StatusCode::NO_CONTENT);
        assert!(answer_holds(&closed, "wechatpay/pub_key.pem"));
    }
    assert_eq!(
        merchant.get(&by_number("order_2")).await.json()["trade_state"],
        "CLOSED"
    );
    assert_eq!(
        pay(&world, "order_2", "v3").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_closes_by_itself() {
    let world = World::new();
    let mut timely = order("order_1", 7);
    timely["time_expire"] = json!("2026-11-23T16:05:00+08:00");
    ordered(&world, &timely).await;
    world.pass(299);
    assert_eq!(world.only_trade().await["state"], "NOTPAY");
    world.pass(1);
    assert_eq!(world.only_trade().await["state"], "CLOSED");
    let mch_id = account("wechatpay", "mch_id");
    let query = format!("/v3/pay/transactions/out-trade-no/order_1?mchid={mch_id}");
    let stands = Merchant::new(&world).get(&query).await.json();
    assert_eq!(stands["trade_state"], "CLOSED");
    assert_eq!(
        pay(&world, "order_1", "v3").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_refund_is_on_its_way_at_first_and_told_where_it_was_asked_to_be() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    ordered(&world, &order("order_1", 10)).await;
    pay(&world, "order_1", "v3").await;
    let asked = |number: &str, minor: u64| {
        json!({
            "out_trade_no": "order_1",
            "out_refund_no": number,
            "notify_url": "http://shop.test/refunds",
            "amount": { "refund": minor, "total": 10, "currency": "CNY" },
        })
    };
    let path = "/v3/refund/domestic/refunds";
    let first = merchant.post(path, &asked("r1", 4)).await.json();
    assert_eq!(first["status"], "PROCESSING");
    let again = merchant.post(path, &asked("r1", 4)).await.json();
    assert_eq!(again["refund_id"], first["refund_id"]);
    for (number, minor) in [("r1", 5), ("r2", 7)] {
        let refused = merchant.post(path, &asked(number, minor)).await;
        assert_eq!(refused.json()["code"], "INVALID_REQUEST");
    }
    let stands = merchant.get(&format!("{path}/r1")).await.json();
    assert_eq!(
        (&stands["status"], &stands["amount"]["refund"]),
        (&json!("SUCCESS"), &json!(4))
    );
    assert_eq!(
        merchant.get(&format!("{path}/r9")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(world.sandbox.deliver_due().await, 2);
    let told = world.shop.received().pop().unwrap();
    assert_eq!(told.url, "http://shop.test/refunds");
    assert_eq!(decrypted(&told)["out_refund_no"], "r1");
}

#[tokio::test]
async fn the_platform_certificate_can_be_fetched_and_is_the_one_in_the_folder() {
    let world = World::new();
    let merchant = Merchant {
        public_key: None,
        ..Merchant::new(&world)
    };
    let said = merchant.get("/v3/certificates").await;
    assert!(answer_holds(&said, "wechatpay/platform_cert.pem"));
    let listed = said.json();
    let certificate = &listed["data"][0]["encrypt_certificate"];
    assert_eq!(
        opened(certificate),
        file("wechatpay/platform_cert.pem").into_bytes()
    );
    assert_eq!(
        listed["data"][0]["serial_no"],
        said.header("wechatpay-serial")
    );
}

/// The fields of a flat document, which a test may read as simply as it was written.
pub(crate) fn fields(xml: &str) -> Vec<(String, String)> {
    xml.split('\n')
        .filter_map(|line| {
            let line = line
                .trim_start_matches("<xml>")
                .trim_start_matches("<root>");
            let (name, rest) = line.strip_prefix('<')?.split_once('>')?;
            let value = rest.strip_suffix(&format!("</{name}>"))?;
            let value = value
                .strip_prefix("<![CDATA[")
                .map_or(value, |value| value.strip_suffix("]]>").unwrap());
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[tokio::test]
async fn v2_tells_in_xml_signed_by_md5_or_hmac() {
    let world = World::new();
    for (number, via, length) in [("order_1", "v2", 32), ("order_2", "v2-hmac", 64)] {
        ordered(&world, &order(number, 5)).await;
        pay(&world, number, via).await;
        world.sandbox.deliver_due().await;
        let call = world.shop.received().pop().unwrap();
        let fields = fields(std::str::from_utf8(&call.body).unwrap());
        let value = |name: &str| &fields.iter().find(|(other, _)| other == name).unwrap().1;
        assert_eq!(value("total_fee"), "5");
        assert_eq!(value("sign").len(), length);
        if length == 32 {
            let mut signed: Vec<_> = fields.iter().filter(|(name, _)| name != "sign").collect();
            signed.sort();
            let mut text: String = signed
                .iter()
                .map(|(name, value)| format!("{name}={value}&"))
                .collect();
            text += &format!("key={}", account("wechatpay", "api_v2_key"));
            assert_eq!(*value("sign"), hex(&Md5::digest(text)).to_uppercase());
        }
    }
}

#[tokio::test]
async fn a_refund_is_told_by_v3_and_by_v2() {
    let world = World::new();
    ordered(&world, &order("order_1", 10)).await;
    pay(&world, "order_1", "v3").await;
    for (minor, via) in [(4, "v3"), (6, "v2")] {
        let refund = json!({ "gateway": "wechatpay", "out_trade_no": "order_1", "minor": minor, "via": via });
        assert_eq!(
            world.post("/_sandbox/refund", refund).await.status,
            StatusCode::OK
        );
        world.sandbox.deliver_due().await;
    }
    let received = world.shop.received();
    let refund = decrypted(&received[1]);
    assert_eq!(refund["refund_status"], "SUCCESS");
    assert_eq!(refund["amount"]["refund"], 4);
    let outer = fields(std::str::from_utf8(&received[2].body).unwrap());
    assert!(outer.iter().all(|(name, _)| name != "sign"));
    let req_info = &outer.iter().find(|(name, _)| name == "req_info").unwrap().1;
    let news = fields(&decrypted_v2(req_info));
    assert!(news.contains(&("refund_fee".to_owned(), "6".to_owned())));
    assert!(news.contains(&("refund_status".to_owned(), "SUCCESS".to_owned())));
    assert_eq!(world.only_trade().await["state"], "REFUND");
}

#[tokio::test]
async fn a_probe_goes_before_the_right_notify_and_does_not_count() {
    let world = World::with(|settings| Settings {
        probe_one_in: 1,
        ..settings
    });
    ordered(&world, &order("order_1", 1)).await;
    pay(&world, "order_1", "v3").await;
    world.shop.will_answer(&[(401, ""), (200, "")]);
    world.sandbox.deliver_due().await;
    let received = world.shop.received();
    assert_eq!(received.len(), 2);
    let signature = |call: &Call| {
        call.headers
            .iter()
            .find(|(name, _)| *name == "wechatpay-signature")
            .unwrap()
            .1
            .clone()
    };
    assert!(signature(&received[0]).starts_with("WECHATPAY/SIGNTEST/"));
    assert!(notify_holds(&received[1], "wechatpay/pub_key.pem"));
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(world.only_trade().await["notifies"], 1);
}

fn decrypted_v2(req_info: &str) -> String {
    let key = hex(&Md5::digest(account("wechatpay", "api_v2_key")));
    let cipher = aes::Aes256::new_from_slice(key.as_bytes()).unwrap();
    let mut bytes = STANDARD.decode(req_info).unwrap();
    for block in bytes.as_chunks_mut::<16>().0 {
        cipher.decrypt_block(block.into());
    }
    let padding = usize::from(*bytes.last().unwrap());
    bytes.truncate(bytes.len() - padding);
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
