//! What Alipay's gateway takes a request to say, in whichever form an SDK writes it.

use serde_json::{Value, json};

use crate::alipay::{asked, signed};
use crate::world::{World, holds};

async fn paid(world: &World, number: &str) {
    let pay = json!({ "gateway": "alipay", "out_trade_no": number, "minor": 500 });
    world.post("/_sandbox/pay", pay).await;
}

/// The same object with that member.
fn with(mut content: Value, name: &str, value: Value) -> Value {
    content[name] = value;
    content
}

#[tokio::test]
async fn an_empty_member_is_one_that_is_not_there() {
    let world = World::new();
    let mut order = json!({
        "out_trade_no": "empty_1", "total_amount": "5.00", "subject": "x",
        "buyer_id": "2088102146225135",
    });
    for name in [
        "product_code",
        "time_expire",
        "timeout_express",
        "seller_id",
        "body",
        "passback_params",
        "buyer_open_id",
        "goods_detail",
    ] {
        order[name] = json!("");
    }
    for method in ["alipay.trade.precreate", "alipay.trade.create"] {
        let made = asked(&world, method, order.clone()).await;
        assert_eq!(made["code"], "10000", "{made}");
    }
    paid(&world, "empty_1").await;
    for empty in [json!(""), Value::Null] {
        let number =
            json!({ "out_trade_no": "empty_1", "trade_no": empty, "query_options": empty });
        let found = asked(&world, "alipay.trade.query", number.clone()).await;
        assert_eq!(found["trade_status"], "TRADE_SUCCESS", "{found}");
        let closed = asked(&world, "alipay.trade.close", number).await;
        assert_eq!(closed["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    }
    let back = json!({
        "out_trade_no": "empty_1", "trade_no": "", "refund_amount": "1.00",
        "out_request_no": "r1", "refund_reason": "",
    });
    let refunded = asked(&world, "alipay.trade.refund", back).await;
    assert_eq!(refunded["fund_change"], "Y", "{refunded}");
    let stands = json!({ "out_trade_no": "empty_1", "trade_no": "", "out_request_no": "r1" });
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", stands).await;
    assert_eq!(stands["refund_status"], "REFUND_SUCCESS");
}

#[tokio::test]
async fn an_empty_member_that_has_to_be_there_is_missing() {
    let world = World::new();
    let order = json!({ "out_trade_no": "empty_2", "total_amount": "5.00", "subject": "x" });
    for name in ["out_trade_no", "total_amount", "subject"] {
        let order = with(order.clone(), name, json!(""));
        let refused = asked(&world, "alipay.trade.precreate", order).await;
        assert_eq!(refused["sub_code"], "ACQ.INVALID_PARAMETER", "{refused}");
    }
    let neither = json!({ "out_trade_no": "", "trade_no": "" });
    let refused = asked(&world, "alipay.trade.query", neither).await;
    assert_eq!(refused["sub_code"], "ACQ.INVALID_PARAMETER");
    let bill = json!({ "bill_type": "trade", "bill_date": "" });
    let method = "alipay.data.dataservice.bill.downloadurl.query";
    let refused = asked(&world, method, bill).await;
    assert_eq!(refused["sub_code"], "INVAILID_ARGUMENTS");
}

#[tokio::test]
async fn a_whole_number_is_its_digits() {
    let world = World::new();
    let order = json!({
        "out_trade_no": 1_795_420_800, "total_amount": 5, "subject": 2026,
        "buyer_id": 2_088_102_146_225_135_u64,
    });
    let made = asked(&world, "alipay.trade.create", order).await;
    assert_eq!(made["out_trade_no"], "1795420800", "{made}");
    paid(&world, "1795420800").await;
    // A fault finds its call by such a number too.
    let slow = json!({ "fault": "slow", "out_trade_no": "1795420800" });
    world.post("/_sandbox/faults", slow).await;
    let number = json!({ "out_trade_no": 1_795_420_800 });
    let found = asked(&world, "alipay.trade.query", number).await;
    assert_eq!(found["trade_status"], "TRADE_SUCCESS", "{found}");
    assert_eq!(found["buyer_user_id"], "2088102146225135");
    assert_eq!(world.waited.lock().unwrap().len(), 1);
    let back = json!({ "out_trade_no": 1_795_420_800, "refund_amount": 1, "out_request_no": 7 });
    let refunded = asked(&world, "alipay.trade.refund", back).await;
    assert_eq!(refunded["refund_fee"], "1.00", "{refunded}");
    let stands = json!({ "out_trade_no": 1_795_420_800, "out_request_no": 7 });
    let stands = asked(&world, "alipay.trade.fastpay.refund.query", stands).await;
    assert_eq!(stands["out_request_no"], "7");
}

#[tokio::test]
async fn a_number_with_decimals_is_an_amount_and_no_text() {
    let world = World::new();
    let order = json!({ "out_trade_no": "half_1", "total_amount": 5.5, "subject": "x" });
    let made = asked(&world, "alipay.trade.precreate", order.clone()).await;
    assert_eq!(made["code"], "10000", "{made}");
    let order = with(order, "out_trade_no", json!(1.5));
    let refused = asked(&world, "alipay.trade.precreate", order).await;
    assert_eq!(refused["sub_code"], "ACQ.INVALID_PARAMETER");
}

#[tokio::test]
async fn an_answer_comes_in_the_charset_of_the_request_and_is_signed_so() {
    let world = World::new();
    for (charset, named) in [
        ("GBK", "GBK"),
        ("gb2312", "GBK"),
        ("gb18030", "gb18030"),
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("nobody's", "utf-8"),
    ] {
        let number = json!({ "out_trade_no": "gbk_1" }).to_string();
        let request = signed("alipay.trade.query", charset, number.as_bytes());
        let said = world.form("/gateway.do", &request).await;
        let media_type = format!("text/html;charset={named}");
        assert_eq!(said.header("content-type"), media_type);
        let charset = encoding_rs::Encoding::for_label(named.as_bytes()).unwrap();
        let (body, _, broken) = charset.decode(&said.body);
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert!(!broken, "{answer}");
        let node = &answer["alipay_trade_query_response"];
        assert_eq!(node["sub_msg"], "交易不存在");
        let start = br#"{"alipay_trade_query_response":"#.len();
        let end = br#","sign":""}"#.len() + answer["sign"].as_str().unwrap().len();
        let node = &said.body[start..said.body.len() - end];
        let sign = answer["sign"].as_str().unwrap();
        assert!(holds("alipay/alipay_public_key.pem", node, sign), "{named}");
    }
}

#[tokio::test]
async fn a_query_says_out_of_what_a_trade_was_paid_where_that_is_asked_for() {
    let world = World::new();
    let asks = json!({ "out_trade_no": "funds_1", "query_options": ["fund_bill_list"] });
    let as_text = json!({ "out_trade_no": "funds_1", "query_options": r#"["fund_bill_list"]"# });
    let order = json!({
        "out_trade_no": "funds_1", "total_amount": "5.00", "subject": "x",
        "buyer_id": "2088102146225135",
    });
    asked(&world, "alipay.trade.create", order).await;
    let waits = asked(&world, "alipay.trade.query", asks.clone()).await;
    assert_eq!(waits.get("fund_bill_list"), None, "{waits}");
    paid(&world, "funds_1").await;
    for asks in [asks, as_text] {
        let found = asked(&world, "alipay.trade.query", asks).await;
        assert_eq!(
            found["fund_bill_list"],
            json!([{ "amount": "5.00", "fund_channel": "ALIPAYACCOUNT", "real_amount": "5.00" }])
        );
    }
    let silent = json!({ "out_trade_no": "funds_1" });
    let found = asked(&world, "alipay.trade.query", silent).await;
    assert_eq!(found.get("fund_bill_list"), None, "{found}");
}
