//! The buyer's browser comes back: it is sent on with what became of the order, and nobody who makes
//! a return up learns or changes anything.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::Paid;
use crate::shop::{Answer, Shop};

const TRANSACTION: &str = "2026010522001499160501589436";

/// How many events of one kind a payment's returns leave at most.
const KEPT: usize = 32;

fn paid(out_trade_no: &str) -> Paid<'_> {
    Paid {
        out_trade_no,
        transaction_id: TRANSACTION,
        minor: 8800,
    }
}

/// An order with a payment, whose buyer is sent back to this path of the shop's, where it has one.
async fn started(shop: &Shop, order_no: &str, account: &str, back: Option<&str>) -> Value {
    shop.place(order_no, 8800).await;
    let mut body = json!({ "method": "external" });
    if let Some(path) = back {
        body["return_url"] = json!(shop.sandbox_page(path));
    }
    shop.put_payment(order_no, account, &number(order_no), &body)
        .await
        .json(201)
}

fn number(order_no: &str) -> String {
    format!("pay_{order_no}")
}

/// The buyer's browser brings this query back.
async fn comes_back(shop: &Shop, account: &str, query: &str) -> Answer {
    let path = format!("/return/{account}?{query}");
    shop.send(shop.anybody(Method::GET, &path)).await
}

#[track_caller]
fn is_sent_on_to(answer: &Answer, url: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, url)
    );
}

async fn returns_of(shop: &Shop, order_no: &str) -> usize {
    let story = shop.story(order_no).await;
    story
        .iter()
        .filter(|name| *name == "ReturnObserved")
        .count()
}

#[tokio::test]
async fn a_buyer_who_is_back_before_the_notify_is_sent_on_as_pending() {
    let shop = Shop::open().await;
    started(&shop, "ret10", "ali", Some("/done")).await;
    let query = shop.alipay().returned(&paid("pay_ret10"));
    let answer = comes_back(&shop, "ali", &query).await;
    let pending = shop.sandbox_page("/done?order_no=ret10&status=pending");
    is_sent_on_to(&answer, &pending);
    assert_eq!(returns_of(&shop, "ret10").await, 1);
    let order = shop.order("ret10").await;
    assert_eq!(
        (&order["status"], &order["paid"]),
        (&json!("open"), &json!(0))
    );
}

#[tokio::test]
async fn a_buyer_who_waits_is_sent_on_as_soon_as_the_notify_comes() {
    let shop = Shop::open().await;
    started(&shop, "ret11", "ali", Some("/done")).await;
    let query = shop.alipay().returned(&paid("pay_ret11"));
    let notify = shop.alipay().paid(&paid("pay_ret11"));
    let (answer, ()) = tokio::join!(comes_back(&shop, "ali", &query), async {
        let version = |order: &Value| order["version"].as_u64().unwrap();
        shop.order_once("ret11", |order| version(order) >= 3).await;
        assert_eq!(shop.notify("ali", &notify).await.text, "success");
    });
    let paid = shop.sandbox_page("/done?order_no=ret11&status=paid");
    is_sent_on_to(&answer, &paid);
}

#[tokio::test]
async fn a_buyer_who_is_back_after_the_notify_is_sent_on_as_paid_whatever_query_there_is() {
    let shop = Shop::open().await;
    for (order_no, back, joint) in [("ret12", "/done", "?"), ("ret13", "/done?cart=7&x=", "&")] {
        started(&shop, order_no, "ali", Some(back)).await;
        let number = number(order_no);
        let fact = Paid {
            transaction_id: &TRANSACTION.replace("36", &order_no[3..]),
            ..paid(&number)
        };
        shop.notify("ali", &shop.alipay().paid(&fact)).await;
        let answer = comes_back(&shop, "ali", &shop.alipay().returned(&fact)).await;
        let whole = format!("{back}{joint}order_no={order_no}&status=paid");
        is_sent_on_to(&answer, &shop.sandbox_page(&whole));
    }
}

#[tokio::test]
async fn a_buyer_whom_the_shop_wants_nowhere_sees_the_result() {
    let shop = Shop::open().await;
    started(&shop, "ret14", "ali", None).await;
    let fact = paid("pay_ret14");
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    let answer = comes_back(&shop, "ali", &shop.alipay().returned(&fact)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.text.contains("ret14"), "{}", answer.text);
}

#[tokio::test]
async fn a_forged_alipay_return_is_told_nothing_and_leaves_nothing() {
    let shop = Shop::open().await;
    started(&shop, "ret15", "ali", Some("/done")).await;
    let good = shop.alipay().returned(&paid("pay_ret15"));
    let elsewhere = shop.alipay().returned(&paid("pay_ret16"));
    let notify = shop.alipay().paid(&paid("pay_ret15")).body;
    let before = shop.events("ret15").await;
    let forged = [
        good.replace("88%2E00", "88%2E01"),
        elsewhere.replace("pay%5Fret16", "pay%5Fret15"),
        good.split("&sign=").next().unwrap().to_owned(),
        format!("{good}&out_trade_no=pay_ret15"),
        notify,
        elsewhere,
    ];
    for query in forged {
        assert_ne!(query, good);
        let answer = comes_back(&shop, "ali", &query).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, "")
        );
        assert!(!answer.text.contains("ret15"), "{}", answer.text);
    }
    assert_eq!(shop.events("ret15").await, before);
}

#[tokio::test]
async fn returns_without_end_leave_32_events() {
    let shop = Shop::open().await;
    started(&shop, "ret17", "ali", Some("/done")).await;
    let fact = paid("pay_ret17");
    shop.notify("ali", &shop.alipay().paid(&fact)).await;
    let query = shop.alipay().returned(&fact);
    let back = (0..KEPT + 8).map(|_| comes_back(&shop, "ali", &query));
    for answer in futures_util::future::join_all(back).await {
        is_sent_on_to(
            &answer,
            &shop.sandbox_page("/done?order_no=ret17&status=paid"),
        );
    }
    assert_eq!(returns_of(&shop, "ret17").await, KEPT);
}

#[tokio::test]
async fn a_wechat_pay_return_is_known_by_its_token() {
    let shop = Shop::beside_the_sandbox().await;
    let payment = started(&shop, "ret18", "wx", Some("/done?a=b")).await;
    let token = payment["action"]["return_token"].as_str().unwrap();
    assert_eq!(shop.cancel("ret18").await.json(200)["status"], "cancelled");
    let closed = shop.sandbox_page("/done?a=b&order_no=ret18&status=closed");
    for _ in 0..KEPT + 8 {
        let answer = comes_back(&shop, "wx", &format!("rt={token}")).await;
        is_sent_on_to(&answer, &closed);
    }
    assert_eq!(returns_of(&shop, "ret18").await, KEPT);
    let other = started(&shop, "ret19", "wx", Some("/done")).await;
    let other = other["action"]["return_token"].as_str().unwrap();
    let (number, _) = token.split_once('.').unwrap();
    let (_, proof) = other.split_once('.').unwrap();
    for (account, token) in [
        ("wx", format!("{number}.{proof}")),
        ("ali", token.to_owned()),
    ] {
        let answer = comes_back(&shop, account, &format!("rt={token}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (200, "")
        );
        assert!(!answer.text.contains("ret18"), "{}", answer.text);
    }
    assert_eq!(returns_of(&shop, "ret19").await, 0);
}

/// The token was given out and never taken.
#[tokio::test]
async fn a_return_to_a_payment_that_the_shop_started_at_alipay_is_known_by_its_token() {
    let shop = Shop::open().await;
    let payment = started(&shop, "ret20", "ali", Some("/done")).await;
    let token = payment["action"]["return_token"].as_str().unwrap();
    shop.notify("ali", &shop.alipay().paid(&paid("pay_ret20")))
        .await;
    let answer = comes_back(&shop, "ali", &format!("rt={token}")).await;
    let paid = shop.sandbox_page("/done?order_no=ret20&status=paid");
    is_sent_on_to(&answer, &paid);
    assert_eq!(returns_of(&shop, "ret20").await, 1);
    let answer = comes_back(&shop, "ali", &format!("rt={token}x")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (200, "")
    );
}
