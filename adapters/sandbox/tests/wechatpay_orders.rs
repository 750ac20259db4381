//! WeChat Pay orders that are not paid by a code: from a page in WeChat, from an app, from another
//! browser; and how refunds end.

use http::StatusCode;
use serde_json::{Value, json};

use crate::wechatpay::{Merchant, answer_holds, decrypted, order, pay};
use crate::world::{World, account, sign_with};

const ORDERS: &str = "/v3/pay/transactions";
const REFUNDS: &str = "/v3/refund/domestic/refunds";

fn jsapi(number: &str) -> Value {
    let mut order = order(number, 100);
    order["payer"] = json!({ "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
    order
}

fn h5(number: &str) -> Value {
    let mut order = order(number, 100);
    order["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    order
}

/// Signs the four lines with which a front end opens a payment.
fn invoked(app_id: &str, last_line: &str) -> String {
    let message = format!("{app_id}\n1795420800\nNONCE\n{last_line}\n");
    sign_with("wechatpay/apiclient_key.pem", message.as_bytes())
}

#[tokio::test]
async fn a_jsapi_order_is_opened_by_what_the_server_signed_and_by_nothing_else() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let said = merchant
        .post(&format!("{ORDERS}/jsapi"), &jsapi("jsapi_1"))
        .await;
    assert!(
        answer_holds(&said, "wechatpay/pub_key.pem"),
        "{}",
        said.text()
    );
    let package = format!("prepay_id={}", said.json()["prepay_id"].as_str().unwrap());
    let app_id = account("wechatpay", "app_id");
    let mut params = json!({
        "appId": app_id,
        "timeStamp": "1795420800",
        "nonceStr": "NONCE",
        "package": package,
        "signType": "RSA",
        "paySign": invoked(&app_id, &package[1..]),
    });
    let pay = |params: &Value| {
        let pay = json!({ "gateway": "wechatpay", "params": params });
        let world = &world;
        async move { world.post("/_sandbox/pay", pay).await }
    };
    let refused = pay(&params).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("支付验证签名失败"),
        "{}",
        refused.text()
    );
    params["paySign"] = json!(invoked(&app_id, &package));
    assert_eq!(pay(&params).await.json()["state"], "SUCCESS");
    world.sandbox.deliver_due().await;
    let told = decrypted(&world.shop.received()[0]);
    assert_eq!(told["trade_type"], "JSAPI");
    assert_eq!(told["payer"]["openid"], "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
}

#[tokio::test]
async fn an_app_order_is_signed_over_the_bare_number_however_its_parameters_are_spelt() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let app_id = account("wechatpay", "app_id");
    let mch_id = account("wechatpay", "mch_id");
    for (number, names) in [
        (
            "android_1",
            [
                "appId",
                "partnerId",
                "prepayId",
                "packageValue",
                "nonceStr",
                "timeStamp",
            ],
        ),
        (
            "apple_001",
            [
                "appid",
                "partnerid",
                "prepayid",
                "package",
                "noncestr",
                "timestamp",
            ],
        ),
    ] {
        let said = merchant
            .post(&format!("{ORDERS}/app"), &order(number, 100))
            .await;
        let prepay_id = said.json()["prepay_id"].as_str().unwrap().to_owned();
        let values = [
            &app_id,
            &mch_id,
            &prepay_id,
            "Sign=WXPay",
            "NONCE",
            "1795420800",
        ];
        let mut params = json!({ "sign": invoked(&app_id, &prepay_id) });
        for (name, value) in names.into_iter().zip(values) {
            params[name] = json!(value);
        }
        let pay = json!({ "gateway": "wechatpay", "params": params });
        assert_eq!(
            world.post("/_sandbox/pay", pay).await.json()["state"],
            "SUCCESS"
        );
    }
    world.sandbox.deliver_due().await;
    assert_eq!(decrypted(&world.shop.received()[0])["trade_type"], "APP");
}

#[tokio::test]
async fn a_prepay_id_alone_shows_the_phone() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let said = merchant
        .post(&format!("{ORDERS}/jsapi"), &jsapi("jsapi_2"))
        .await;
    let prepay_id = said.json()["prepay_id"].as_str().unwrap().to_owned();
    let address = format!("/wechatpay/pay?prepay_id={prepay_id}");
    assert!(world.get(&address).await.text().contains("jsapi_2"));
    let paid = world
        .form(&address, &format!("code={prepay_id}&act=pay"))
        .await;
    assert!(paid.text().contains("支付成功"));
    world.pass(7_201);
    assert!(world.get(&address).await.text().contains("支付链接已失效"));
}

#[tokio::test]
async fn an_h5_order_returns_to_the_page_that_the_shop_added_and_dies_after_five_minutes() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let said = merchant.post(&format!("{ORDERS}/h5"), &h5("h5_0001")).await;
    let h5_url = said.json()["h5_url"].as_str().unwrap().to_owned();
    let address = h5_url.strip_prefix("http://127.0.0.1:8090").unwrap();
    let back = "http%3A%2F%2Fshop.test%2Freturn%3Frt%3D1";
    let page = world
        .get(&format!("{address}&redirect_url={back}"))
        .await
        .text();
    assert!(page.contains("h5_0001") && page.contains("http://shop.test/return?rt=1"));
    let code = address.split(['=', '&']).nth(1).unwrap();
    for act in ["leave", "pay"] {
        let form = format!("code={code}&back={back}&act={act}");
        let left = world.form("/cgi-bin/mmpayweb-bin/checkmweb", &form).await;
        assert_eq!(left.status, StatusCode::SEE_OTHER);
        assert_eq!(left.header("location"), "http://shop.test/return?rt=1");
    }
    assert_eq!(world.only_trade().await["state"], "SUCCESS");
    let said = merchant.post(&format!("{ORDERS}/h5"), &h5("h5_0002")).await;
    let h5_url = said.json()["h5_url"].as_str().unwrap().to_owned();
    world.pass(301);
    let late = world
        .get(h5_url.strip_prefix("http://127.0.0.1:8090").unwrap())
        .await;
    assert!(late.text().contains("支付链接已失效"));
}

#[tokio::test]
async fn an_order_says_who_pays_and_from_where() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let mut elsewhere = h5("h5_0003");
    elsewhere["scene_info"]["h5_info"]["type"] = json!("Desktop");
    for (kind, body, field) in [
        ("jsapi", order("jsapi_3", 1), "/payer/openid"),
        ("h5", order("h5_0004", 1), "/scene_info"),
        ("h5", elsewhere, "/scene_info/h5_info/type"),
    ] {
        let refused = merchant.post(&format!("{ORDERS}/{kind}"), &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.json()["detail"]["field"], field);
    }
}

#[tokio::test]
async fn what_the_document_of_a_call_does_not_name_is_refused() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let refused = async |path: &str, body: Value, others: &[&str]| {
        let said = merchant.post(path, &body).await;
        assert_eq!(said.status, StatusCode::BAD_REQUEST);
        let expected = json!({
            "code": "PARAM_ERROR",
            "message": "请求中含有未在API文档中定义的参数",
            "detail": { "location": null, "value": others },
        });
        assert_eq!(said.json(), expected);
    };
    let native = format!("{ORDERS}/native");
    let mut of_page = jsapi("other_1");
    of_page["amount"]["payer_total"] = json!(1);
    refused(
        &native,
        of_page,
        &["/body/amount/payer_total", "/body/payer/openid"],
    )
    .await;
    let mut detailed = order("other_2", 10);
    detailed["detail"] = json!({ "goods_detail": [{ "anything": 1 }] });
    assert_eq!(merchant.post(&native, &detailed).await.status, 200);
    let mch_id = account("wechatpay", "mch_id");
    let close = json!({ "mchid": mch_id, "appid": account("wechatpay", "app_id") });
    let number = format!("{ORDERS}/out-trade-no/other_2");
    refused(&format!("{number}/close"), close, &["/body/appid"]).await;
    let refund = json!({
        "out_trade_no": "other_2", "out_refund_no": "r1", "mchid": mch_id,
        "amount": { "refund": 5, "total": 10, "currency": "CNY" },
    });
    refused(REFUNDS, refund, &["/body/mchid"]).await;
    let query = format!("{number}?mchid={mch_id}&sub_mchid=1");
    let said = merchant.get(&query).await;
    assert_eq!(said.json()["detail"]["value"], json!(["/query/sub_mchid"]));
}

#[tokio::test]
async fn texts_are_measured_in_bytes() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    for (characters, status) in [(42, 200), (43, 400)] {
        let mut order = order(&format!("bytes_{characters}"), 10);
        order["description"] = json!("茶".repeat(characters));
        let said = merchant.post(&format!("{ORDERS}/native"), &order).await;
        assert_eq!(said.status, status);
        if status == 400 {
            let words = "字符串规则校验失败，字节数 129，大于最大值 127";
            assert!(said.json()["message"].as_str().unwrap().ends_with(words));
        }
    }
}

#[tokio::test]
async fn a_refund_may_come_back_from_the_bank_be_closed_or_be_refused_for_the_balance() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    merchant
        .post(&format!("{ORDERS}/native"), &order("back_1", 10))
        .await;
    pay(&world, "back_1", "v3").await;
    world.sandbox.deliver_due().await;
    let refund = |number: &str| {
        json!({
            "out_trade_no": "back_1", "out_refund_no": number,
            "notify_url": "http://shop.test/refunds",
            "amount": { "refund": 5, "total": 10, "currency": "CNY" },
        })
    };
    for (fault, number, state) in [
        ("refund-abnormal", "r1", "ABNORMAL"),
        ("refund-closed", "r2", "CLOSED"),
    ] {
        world
            .post("/_sandbox/faults", json!({ "fault": fault }))
            .await;
        let asked = merchant.post(REFUNDS, &refund(number)).await.json();
        assert_eq!(asked["status"], "PROCESSING");
        world.sandbox.deliver_due().await;
        let told = decrypted(&world.shop.received().pop().unwrap());
        assert_eq!(told["refund_status"], state);
        assert_eq!(told.get("success_time"), None);
        let stands = merchant.get(&format!("{REFUNDS}/{number}")).await.json();
        assert_eq!(stands["status"], state);
    }
    world
        .post("/_sandbox/faults", json!({ "fault": "refund-refused" }))
        .await;
    let refused = merchant.post(REFUNDS, &refund("r3")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["code"], "NOT_ENOUGH");
    // What came back from the bank stays reserved until somebody acts; what was closed is free again.
    let more = merchant.post(REFUNDS, &refund("r4")).await;
    assert_eq!(more.status, StatusCode::OK);
    assert_eq!(
        merchant.post(REFUNDS, &refund("r5")).await.json()["code"],
        "INVALID_REQUEST"
    );
    let settle = json!({ "gateway": "wechatpay", "refund_no": "r1", "state": "SUCCESS" });
    let settled = world.post("/_sandbox/settle", settle.clone()).await.json();
    assert_eq!(settled["refunds"][0]["state"], "SUCCESS");
    let twice = world.post("/_sandbox/settle", settle).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_refund_may_stay_on_its_way_for_a_while() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    merchant
        .post(&format!("{ORDERS}/native"), &order("back_2", 10))
        .await;
    pay(&world, "back_2", "v3").await;
    world.sandbox.deliver_due().await;
    let slow = json!({ "fault": "refund-slow", "seconds": 30 });
    world.post("/_sandbox/faults", slow).await;
    let refund = json!({
        "out_trade_no": "back_2", "out_refund_no": "r1",
        "notify_url": "http://shop.test/refunds",
        "amount": { "refund": 5, "total": 10, "currency": "CNY" },
    });
    merchant.post(REFUNDS, &refund).await;
    assert_eq!(world.sandbox.deliver_due().await, 0);
    assert_eq!(world.sandbox.next_due().unwrap().as_secs(), 30);
    let stands = merchant.get(&format!("{REFUNDS}/r1")).await.json();
    assert_eq!(stands["status"], "PROCESSING");
    world.pass(30);
    assert_eq!(world.sandbox.deliver_due().await, 1);
    let told = decrypted(&world.shop.received().pop().unwrap());
    assert_eq!(told["refund_status"], "SUCCESS");
}

#[tokio::test]
async fn a_refunds_number_is_the_merchants_and_not_the_orders() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    for number in ["back_3", "back_4"] {
        merchant
            .post(&format!("{ORDERS}/native"), &order(number, 10))
            .await;
        pay(&world, number, "v3").await;
    }
    let refund = |order: &str, number: &str| {
        json!({
            "out_trade_no": order, "out_refund_no": number,
            "amount": { "refund": 5, "total": 10, "currency": "CNY" },
        })
    };
    let first = merchant.post(REFUNDS, &refund("back_3", "r1")).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let other = merchant.post(REFUNDS, &refund("back_4", "r1")).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST, "{}", other.text());
    assert_eq!(other.json()["code"], "INVALID_REQUEST");
    let stands = merchant.get(&format!("{REFUNDS}/r1")).await.json();
    assert_eq!(stands["out_trade_no"], "back_3");
    for (order, number) in [("back_3", "r1"), ("back_4", "r2")] {
        let asked = merchant.post(REFUNDS, &refund(order, number)).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    }
}

#[tokio::test]
async fn a_query_says_of_an_unpaid_order_what_it_is_to_bring_and_of_a_paid_one_its_promotions() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let (app_id, mch_id) = (
        account("wechatpay", "app_id"),
        account("wechatpay", "mch_id"),
    );
    let mut ordered = order("shown_1", 7);
    ordered["attach"] = json!("x");
    merchant.post(&format!("{ORDERS}/native"), &ordered).await;
    let by_number = format!("{ORDERS}/out-trade-no/shown_1?mchid={mch_id}");
    let shown = |state: &str, described: &str| {
        json!({
            "amount": { "payer_currency": "CNY", "total": 7 },
            "appid": app_id,
            "mchid": mch_id,
            "out_trade_no": "shown_1",
            "promotion_detail": [],
            "scene_info": { "device_id": "" },
            "trade_state": state,
            "trade_state_desc": described,
        })
    };
    let waits = merchant.get(&by_number).await.json();
    assert_eq!(waits, shown("NOTPAY", "订单未支付"));
    pay(&world, "shown_1", "v3").await;
    let paid = merchant.get(&by_number).await.json();
    assert_eq!(paid["promotion_detail"], json!([]));
    assert_eq!(paid["attach"], "x");
    world.sandbox.deliver_due().await;
    let told = decrypted(&world.shop.received()[0]);
    assert_eq!(told.get("promotion_detail"), None);

    merchant
        .post(&format!("{ORDERS}/native"), &order("shown_2", 7))
        .await;
    let close = format!("{ORDERS}/out-trade-no/shown_2/close");
    merchant.post(&close, &json!({ "mchid": mch_id })).await;
    let closed = format!("{ORDERS}/out-trade-no/shown_2?mchid={mch_id}");
    let closed = merchant.get(&closed).await.json();
    let mut expected = shown("CLOSED", "订单已关闭");
    expected["out_trade_no"] = json!("shown_2");
    assert_eq!(closed, expected);
}

#[tokio::test]
async fn a_number_that_was_ordered_is_not_ordered_again_by_another_kind_of_payment() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    let every = h5("kinds_1");
    let mut in_wechat = every.clone();
    in_wechat["payer"] = json!({ "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
    let first = merchant.post(&format!("{ORDERS}/native"), &every).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    for (kind, order) in [("app", &every), ("jsapi", &in_wechat), ("h5", &every)] {
        let other = merchant.post(&format!("{ORDERS}/{kind}"), order).await;
        assert_eq!(other.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            other.json(),
            json!({ "code": "INVALID_REQUEST", "message": "201 商户订单号重复" })
        );
    }
    let again = merchant.post(&format!("{ORDERS}/native"), &every).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text());
    let other = merchant
        .post(&format!("{ORDERS}/native"), &order("kinds_1", 100))
        .await;
    assert!(other.text().contains("参数与首次请求时不一致"));
}

#[tokio::test]
async fn nothing_is_given_back_of_an_order_that_brought_nothing_known_or_not() {
    let world = World::new();
    let merchant = Merchant::new(&world);
    for number in ["nothing_1", "nothing_2"] {
        merchant
            .post(&format!("{ORDERS}/native"), &order(number, 10))
            .await;
    }
    let close = format!("{ORDERS}/out-trade-no/nothing_2/close");
    let whose = json!({ "mchid": account("wechatpay", "mch_id") });
    merchant.post(&close, &whose).await;
    for (name, number) in [
        ("out_trade_no", "nothing_1"),
        ("out_trade_no", "nothing_2"),
        ("out_trade_no", "nothing_3"),
        ("transaction_id", "4200202611230000000000000000"),
    ] {
        let mut refund = json!({
            "out_refund_no": "r1",
            "amount": { "refund": 5, "total": 10, "currency": "CNY" },
        });
        refund[name] = json!(number);
        let refused = merchant.post(REFUNDS, &refund).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{number}");
        assert_eq!(
            refused.json(),
            json!({ "code": "RESOURCE_NOT_EXISTS", "message": "订单不存在" })
        );
    }
}
