//! The views are folds of the events: reports, lists, and what becomes of them when their files go.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::Paid;
use crate::shop::Shop;

/// A day's order, paid at the fifth of January by the gateway's own time.
async fn sell(shop: &Shop, order_no: &str, transaction_id: &str) {
    let out_trade_no = format!("pay_{order_no}");
    shop.place(order_no, 8800).await;
    shop.start(order_no, "ali", &out_trade_no, "external").await;
    let fact = Paid {
        out_trade_no: &out_trade_no,
        transaction_id,
        minor: 8800,
    };
    assert_eq!(
        shop.notify("ali", &shop.alipay().paid(&fact)).await.text,
        "success"
    );
}

#[tokio::test]
async fn the_daily_report_adds_up_by_the_gateways_own_day() {
    let shop = Shop::open().await;
    sell(&shop, "R-1", "2026010522401").await;
    sell(&shop, "R-2", "2026010522402").await;
    shop.list("/v1/orders").await;
    let path = "/v1/reports/daily?from=2026-01-05&to=2026-01-05";
    let rows = shop.list(path).await;
    let row = rows
        .iter()
        .find(|row| row["payments_confirmed"] == 2)
        .unwrap();
    assert_eq!(
        (&row["date"], &row["account"]),
        (&json!("2026-01-05"), &json!("ali"))
    );
    assert_eq!(
        (&row["method"], &row["paid_minor"]),
        (&json!("external"), &json!(17_600))
    );
    let csv = shop
        .send(shop.keyed(Method::GET, path).header("accept", "text/csv"))
        .await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(csv.header("vary"), "accept");
    assert!(
        csv.text
            .lines()
            .any(|line| line.starts_with("2026-01-05,ali,external,")),
        "{}",
        csv.text
    );
    shop.read("/v1/reports/daily?from=tomorrow&to=2026-01-05")
        .await
        .problem(422, "invalid");
}

#[tokio::test]
async fn views_that_were_deleted_while_stopped_come_back_as_they_were() {
    let mut shop = Shop::open().await;
    sell(&shop, "V-1", "2026010522403").await;
    sell(&shop, "V-2", "2026010522404").await;
    shop.place("V-3", 5).await;
    let before = everything(&shop).await;
    assert_eq!(shop.stop().code, Some(0));
    std::fs::remove_dir_all(shop.store().join("views")).unwrap();
    shop.start_again().await;
    assert_eq!(everything(&shop).await, before);
}

#[tokio::test]
async fn a_rebuild_leaves_every_list_as_it_was() {
    let shop = Shop::open().await;
    sell(&shop, "V-1", "2026010522405").await;
    let before = everything(&shop).await;
    shop.run(&["rebuild"]).with(0);
    shop.run(&["rebuild", "orders"]).with(0);
    shop.run(&["rebuild", "nonsense"]).with(2);
    assert_eq!(everything(&shop).await, before);
}

async fn everything(shop: &Shop) -> Vec<Vec<Value>> {
    let mut lists = Vec::new();
    for path in [
        "/v1/orders",
        "/v1/shipments",
        "/v1/exceptions",
        "/v1/reports/daily?from=2026-01-01&to=2026-01-31",
    ] {
        lists.push(shop.list(path).await);
    }
    lists
}
