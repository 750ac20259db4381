//! Money that comes otherwise than expected: late, of another amount, or for nobody. It is taken in
//! all the same, and each time it is said what becomes of it.

use serde_json::{Value, json};

use crate::gateway::Paid;
use crate::shop::{Setup, Shop};

/// An order that was cancelled while its payment was open.
async fn cancelled(shop: &Shop, order_no: &str) -> String {
    let out_trade_no = format!("pay_{order_no}");
    shop.place(order_no, 8800).await;
    shop.start(order_no, "ali", &out_trade_no, "external").await;
    assert_eq!(shop.cancel(order_no).await.json(200)["status"], "cancelled");
    out_trade_no
}

/// The buyer of that payment pays at the simulated gateway.
async fn pays(shop: &Shop, out_trade_no: &str, minor: i64) {
    let pay = json!({ "gateway": "alipay", "out_trade_no": out_trade_no, "minor": minor });
    shop.buyer_pays_with(&pay).await;
}

fn exception(order: &Value) -> &Value {
    &order["exceptions"][0]
}

#[tokio::test]
async fn late_money_is_held_until_a_person_accepts_it() {
    let shop = Shop::beside_the_sandbox().await;
    let out_trade_no = cancelled(&shop, "late1").await;
    pays(&shop, &out_trade_no, 8800).await;
    let order = shop
        .order_once("late1", |order| order["held"] == 8800)
        .await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("cancelled"), &json!(0))
    );
    assert_eq!(exception(&order)["kind"], "late");
    assert_eq!(
        exception(&order)["actions"],
        json!(["accept", "refund", "dismiss"])
    );
    let refund = shop.refund(("late1", "ali", &out_trade_no), "r-1", 1).await;
    refund.problem(409, "held");
    let id = exception(&order)["id"].as_str().unwrap();
    let elsewhere = json!({ "action": "accept", "order_no": "another" });
    let refused = shop.resolve(id, &elsewhere).await;
    assert_eq!(refused.pointers(422, "invalid"), ["/order_no"]);
    let resolved = shop
        .resolve(id, &json!({ "action": "accept" }))
        .await
        .json(200);
    assert_eq!(
        (&resolved["status"], &resolved["resolution"]["by"]),
        (&json!("resolved"), &json!("key"))
    );
    let order = shop.order("late1").await;
    assert_eq!(
        (&order["status"], &order["paid"], &order["held"]),
        (&json!("paid"), &json!(8800), &json!(0))
    );
}

#[tokio::test]
async fn late_money_is_accepted_where_the_policy_says_so() {
    let accept = "\n[policy]\nlate = { cancelled = \"accept\", expired = \"hold\" }\n";
    let shop = Setup::new()
        .adding(accept)
        .beside_the_sandbox()
        .open()
        .await;
    let out_trade_no = cancelled(&shop, "late2").await;
    pays(&shop, &out_trade_no, 8800).await;
    let order = shop.order_with("late2", "paid").await;
    assert_eq!(exception(&order)["resolution"]["by"], "policy");
    let story = shop.story("late2").await;
    for name in [
        "LatePaymentReceived",
        "ExceptionResolved",
        "PaymentConfirmed",
        "ShipmentRequested",
    ] {
        assert!(
            story.contains(&name.to_owned()),
            "{name} is not in {story:?}"
        );
    }
}

#[tokio::test]
async fn late_money_is_asked_to_go_back_where_the_policy_says_so() {
    let refund = "\n[policy]\nlate = \"refund\"\n";
    let shop = Setup::new()
        .adding(refund)
        .beside_the_sandbox()
        .open()
        .await;
    let out_trade_no = cancelled(&shop, "late3").await;
    pays(&shop, &out_trade_no, 8800).await;
    let order = shop
        .order_once("late3", |order| order["held"] == 8800)
        .await;
    assert_eq!(exception(&order)["resolution"]["action"], "refund");
    let refunds = order["payments"][0]["refunds"].as_array().unwrap();
    assert_eq!((refunds.len(), &refunds[0]["minor"]), (1, &json!(8800)));
    assert!(
        refunds[0]["refund_no"].as_str().unwrap().starts_with("pf-"),
        "{refunds:?}"
    );
}

#[tokio::test]
async fn another_amount_than_asked_makes_no_order_paid() {
    let shop = Shop::open().await;
    shop.place("mis01", 8800).await;
    shop.start("mis01", "ali", "pay_mis01", "external").await;
    let fact = Paid {
        out_trade_no: "pay_mis01",
        transaction_id: "2026010522301",
        minor: 1,
    };
    assert_eq!(
        shop.notify("ali", &shop.alipay().paid(&fact)).await.text,
        "success"
    );
    let order = shop.order("mis01").await;
    assert_eq!(
        (&order["status"], &order["held"]),
        (&json!("open"), &json!(1))
    );
    let exception = exception(&order);
    assert_eq!(exception["kind"], "mismatch");
    assert_eq!(
        (
            &exception["expected"]["minor"],
            &exception["received"]["minor"]
        ),
        (&json!(8800), &json!(1))
    );
    let id = exception["id"].as_str().unwrap();
    shop.resolve(id, &json!({ "action": "accept" }))
        .await
        .json(200);
    let order = shop.order("mis01").await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("paid"), &json!(1))
    );
}

#[tokio::test]
async fn money_for_nobody_is_kept_and_taken_up_by_the_order_that_comes_for_it() {
    let shop = Shop::open().await;
    let fact = Paid {
        out_trade_no: "stray-1",
        transaction_id: "2026010522302",
        minor: 700,
    };
    for _ in 0..2 {
        assert_eq!(
            shop.notify("ali", &shop.alipay().paid(&fact)).await.text,
            "success"
        );
    }
    let open = shop.list("/v1/exceptions?status=open").await;
    assert_eq!(
        (open.len(), &open[0]["kind"], &open[0]["order_no"]),
        (1, &json!("unmatched"), &json!(null))
    );
    shop.place("str01", 700).await;
    let started = shop.start("str01", "ali", "stray-1", "external").await;
    assert_eq!(started["status"], "paid");
    assert_eq!(shop.order("str01").await["status"], "paid");
    assert!(shop.list("/v1/exceptions?status=open").await.is_empty());
    let feed = shop
        .read("/v1/events?type=UnmatchedPaymentReceived,StrayTakenUp")
        .await
        .json(200);
    let subjects: Vec<&Value> = feed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["subject"])
        .collect();
    assert_eq!(subjects, ["stray/ali/stray-1", "stray/ali/stray-1"]);
}

#[tokio::test]
async fn money_for_nobody_is_given_to_the_order_that_a_person_names() {
    let shop = Shop::open().await;
    let fact = Paid {
        out_trade_no: "stray-2",
        transaction_id: "2026010522303",
        minor: 700,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    let open = shop.list("/v1/exceptions?status=open").await;
    let id = open[0]["id"].as_str().unwrap();
    shop.place("str02", 700).await;
    shop.resolve(id, &json!({ "action": "accept" }))
        .await
        .problem(422, "invalid");
    let to_order = json!({ "action": "accept", "order_no": "str02" });
    for decided in ["first", "again"] {
        let resolved = shop.resolve(id, &to_order).await;
        resolved.json(200);
        let as_of = resolved.header("payfold-as-of");
        let then = shop.read(&format!("/v1/orders/str02?at={as_of}")).await;
        let then = then.json(200);
        let (status, paid) = (&then["status"], &then["paid"]);
        assert_eq!((status, paid), (&json!("paid"), &json!(700)), "{decided}");
    }
    shop.place("str03", 700).await;
    let elsewhere = json!({ "action": "accept", "order_no": "str03" });
    let refused = shop.resolve(id, &elsewhere).await;
    assert_eq!(refused.pointers(409, "conflict"), ["/order_no"]);
}

#[tokio::test]
async fn what_nobody_can_decide_is_not_found() {
    let shop = Shop::open().await;
    let answer = shop
        .resolve("nothing", &json!({ "action": "accept" }))
        .await;
    assert!(matches!(answer.status.as_u16(), 404 | 422), "{answer:?}");
}

#[tokio::test]
async fn an_account_without_its_key_receives_and_starts_nothing() {
    let shop = Setup::new()
        .replacing(
            "app_private_key_file = \"alipay/app_private_key.pem\"\n",
            "",
        )
        .open()
        .await;
    shop.place("rec01", 8800).await;
    let page = json!({ "method": "alipay.page" });
    let refused = shop.put_payment("rec01", "ali", "pay_rec01", &page).await;
    refused.problem(409, "account-receives-only");
    shop.start("rec01", "ali", "pay_rec01", "external").await;
    let fact = Paid {
        out_trade_no: "pay_rec01",
        transaction_id: "2026010522304",
        minor: 8800,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    assert_eq!(shop.order("rec01").await["status"], "paid");
    let refund = shop.refund(("rec01", "ali", "pay_rec01"), "r-1", 1).await;
    refund.problem(409, "account-receives-only");
}

/// It may be what is made of ours, which is refused later; the goods wait until a person has looked.
#[tokio::test]
async fn another_systems_refund_holds_the_goods_though_one_of_ours_is_on_its_way() {
    let shop = Shop::open().await;
    shop.place("back2", 8800).await;
    shop.start("back2", "ali", "pay_back2", "external").await;
    let fact = Paid {
        out_trade_no: "pay_back2",
        transaction_id: "2026010522306",
        minor: 8800,
    };
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    let asked = shop.refund(("back2", "ali", "pay_back2"), "r-1", 8800);
    assert_eq!(asked.await.status, 201);
    let refunded = [
        ("refund_fee", "88.00"),
        ("gmt_refund", "2026-01-05 11:00:00.000"),
        ("out_biz_no", "RF.2026/1"),
    ];
    let told = shop.alipay().notify(&fact, &refunded);
    assert_eq!(shop.notify("ali", &told).await.text, "success");
    let order = shop.order("back2").await;
    assert_eq!(exception(&order)["kind"], "external_refund");
}

#[tokio::test]
async fn another_systems_refund_is_taken_in_whatever_its_number() {
    let shop = Shop::open().await;
    shop.place("back1", 8800).await;
    shop.start("back1", "ali", "pay_back1", "external").await;
    let fact = Paid {
        out_trade_no: "pay_back1",
        transaction_id: "2026010522302",
        minor: 8800,
    };
    let refunded = [
        ("refund_fee", "10.00"),
        ("gmt_refund", "2026-01-05 11:00:00.000"),
        ("out_biz_no", "RF.2026/1"),
    ];
    let told = shop.alipay().notify(&fact, &refunded);
    assert_eq!(shop.notify("ali", &told).await.text, "success");
    let order = shop.order("back1").await;
    assert_eq!(
        (&order["status"], &order["refunded"]),
        (&json!("paid"), &json!(1000))
    );
    assert_eq!(exception(&order)["kind"], "external_refund");
}
