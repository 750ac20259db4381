//! A process that is killed loses nothing that it has acknowledged, whenever it is killed.

use std::sync::Mutex;

use http::Method;
use serde_json::json;
use tokio::sync::watch;

use crate::gateway::{Alipay, Paid};
use crate::shop::{Shop, name, order};

/// How many shops' clients write at a time.
const CLIENTS: usize = 16;

/// What was acknowledged, and how much of it there is.
struct Acknowledged {
    paid: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    killed_again_and_again(&[60, 25]).await;
}

#[tokio::test]
#[ignore = "takes minutes: run by name with --ignored"]
async fn what_was_acknowledged_is_there_however_often_payfold_is_killed() {
    let moments: Vec<usize> = (0..40).map(|round| 1 + round * 37 % 211).collect();
    killed_again_and_again(&moments).await;
}

/// Kills payfold each time that so many payments were acknowledged since it was started.
async fn killed_again_and_again(moments: &[usize]) {
    let mut shop = Shop::open().await;
    let alipay = shop.alipay();
    let mut paid = Vec::new();
    for (round, moment) in moments.iter().enumerate() {
        let acknowledged = Acknowledged {
            paid: Mutex::default(),
            count: watch::channel(0).0,
        };
        let clients = (0..CLIENTS)
            .map(|client| sell(&shop, &alipay, format!("c{round}-{client}"), &acknowledged));
        tokio::join!(futures_util::future::join_all(clients), async {
            let mut count = acknowledged.count.subscribe();
            count.wait_for(|count| count >= moment).await.unwrap();
            shop.kill_under_load();
        });
        shop.reap();
        shop.start_again().await;
        for order_no in acknowledged.paid.into_inner().unwrap() {
            let order = shop.order(&order_no).await;
            assert_eq!(
                (&order["status"], &order["paid"]),
                (&json!("paid"), &json!(8800)),
                "{order}"
            );
            paid.push(order_no);
        }
    }
    for order_no in &paid {
        let events = shop.events(order_no).await;
        let confirmed = events
            .iter()
            .filter(|event| name(event) == "PaymentConfirmed")
            .count();
        assert_eq!(confirmed, 1, "{order_no}");
    }
    shop.stop().with(0);
    shop.run(&["audit", "--evidence"]).with(0);
}

/// Sells one order after the other until payfold no longer answers.
async fn sell(shop: &Shop, alipay: &Alipay, client: String, acknowledged: &Acknowledged) {
    for number in 0.. {
        let order_no = format!("{client}-{number}");
        if sell_one(shop, alipay, &order_no).await.is_none() {
            return;
        }
        acknowledged.paid.lock().unwrap().push(order_no);
        acknowledged.count.send_modify(|count| *count += 1);
    }
}

/// Places, starts and pays an order, and says so once the payment was acknowledged.
async fn sell_one(shop: &Shop, alipay: &Alipay, order_no: &str) -> Option<()> {
    let path = format!("/v1/orders/{order_no}");
    shop.try_send(shop.keyed(Method::PUT, &path).body(order(8800).to_string()))
        .await?;
    let payment = format!("{path}/payments/ali/pay-{order_no}");
    let external = json!({ "method": "external" }).to_string();
    shop.try_send(shop.keyed(Method::PUT, &payment).body(external))
        .await?;
    let out_trade_no = format!("pay-{order_no}");
    let transaction_id: String = order_no
        .chars()
        .map(|letter| if letter.is_ascii_digit() { letter } else { '0' })
        .collect();
    let transaction_id = format!("2026{transaction_id}{}", order_no.len());
    let fact = Paid {
        out_trade_no: &out_trade_no,
        transaction_id: &transaction_id,
        minor: 8800,
    };
    let message = alipay.paid(&fact);
    // Sent twice, as gateways do; the first answer may have got lost.
    for _ in 0..2 {
        let notify = shop
            .anybody(Method::POST, "/notify/ali")
            .body(message.body.clone());
        let answer = shop.try_send(notify).await?;
        assert_eq!(answer.text, "success");
    }
    Some(())
}
