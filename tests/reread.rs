//! `payfold reread`: what nobody understood is kept, and looked at again, beside a running service
//! and without one.

use crate::gateway::Paid;
use crate::shop::{Shop, name};

/// The cursor of the order's first event, after two messages that nobody understands: one about the
/// order's payment, one of a kind that nobody has heard of.
async fn not_understood(shop: &Shop) -> String {
    shop.place("E-1", 8800).await;
    shop.start("E-1", "ali", "pay_e1", "external").await;
    let fact = Paid {
        out_trade_no: "pay_e1",
        transaction_id: "2026010522601",
        minor: 8800,
    };
    let pondered = [("trade_status", "TRADE_PONDERED")];
    let message = shop.alipay().notify(&fact, &pondered);
    assert_eq!(shop.notify("ali", &message).await.text, "success");
    let message = shop.wechatpay().unheard_of();
    assert_eq!(shop.notify("wx", &message).await.status, 204);
    let paid = shop.alipay().paid(&fact);
    assert_eq!(shop.notify("ali", &paid).await.text, "success");
    shop.events("E-1").await[0]["cursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_reread_that_understands_no_more_counts_the_messages_and_changes_nothing() {
    let mut shop = Shop::open().await;
    let cursor = not_understood(&shop).await;
    let all = shop.read("/v1/events?limit=500").await.json(200);
    let names: Vec<String> = all["items"].as_array().unwrap().iter().map(name).collect();
    let unknown = |name: &&String| *name == "UnknownMessageReceived";
    assert_eq!(names.iter().filter(unknown).count(), 2, "{names:?}");

    let commands = [
        vec!["reread", "--since", &cursor, "--dry-run"],
        vec!["reread", "--since", &cursor],
    ];
    let told = [
        "3 messages read, 0 would be applied",
        "3 messages read, 0 applied",
    ];
    for (command, told) in commands.iter().zip(told) {
        let (out, _) = shop.run(command).with(0);
        assert_eq!(out.trim(), told, "beside the service");
    }
    assert_eq!(shop.read("/v1/events?limit=500").await.json(200), all);

    shop.stop().with(0);
    for (command, told) in commands.iter().zip(told) {
        let (out, _) = shop.run(command).with(0);
        assert_eq!(out.trim(), told, "alone");
    }
    shop.run(&["audit", "--evidence"]).with(0);
    shop.start_again().await;
    let after = shop
        .read("/v1/events?limit=500&type=UnknownMessageReceived")
        .await
        .json(200);
    assert_eq!(after["items"].as_array().unwrap().len(), 2);
    assert_eq!(shop.order("E-1").await["paid"], 8800);
}

#[tokio::test]
async fn a_reread_from_a_cursor_of_another_store_says_so() {
    let other = Shop::open().await;
    other.place("E-2", 8800).await;
    let foreign = other.events("E-2").await[0]["cursor"].clone();
    let mut shop = Shop::open().await;
    shop.place("E-3", 8800).await;
    let cursors = [
        (foreign.as_str().unwrap(), "another store"),
        ("yesterday", "not one that payfold makes"),
    ];
    for (cursor, told) in cursors {
        let (_, err) = shop.run(&["reread", "--since", cursor]).with(1);
        assert!(err.contains(told), "{err}");
    }
    shop.stop().with(0);
    for (cursor, told) in cursors {
        let (_, err) = shop.run(&["reread", "--since", cursor]).with(1);
        assert!(err.contains(told), "{err}");
    }
}
