//! Copies of the store that are made while it serves, and stores that are made from them.

use std::fs;

use crate::shop::Shop;

#[tokio::test]
async fn a_store_made_from_a_copy_is_what_was_there_and_takes_no_cursor_of_the_old_one() {
    let mut shop = Shop::open().await;
    shop.place("B-1", 8800).await;
    let then = shop.order("B-1").await;
    let cursor = then["as_of"].as_str().unwrap().to_owned();
    let copy = shop.folder().join("copy");
    let dest = copy.to_str().unwrap();

    let (out, _) = shop.run(&["backup", dest]).with(0);
    assert!(out.contains(" events whole up to position "), "{out}");
    let (_, err) = shop.run(&["backup", dest]).with(1);
    assert!(err.contains("there is something already"), "{err}");
    shop.place("B-2", 1).await;

    let (_, err) = shop.run(&["restore", dest]).with(1);
    assert!(err.contains("payfold-data"), "{err}");
    assert_eq!(shop.stop().code, Some(0));
    let (_, err) = shop.run(&["restore", dest]).with(1);
    assert!(err.contains("there is something already"), "{err}");

    fs::rename(shop.store(), shop.folder().join("old")).unwrap();
    shop.run(&["restore", dest]).with(0);
    shop.start_again().await;
    let restored = shop.order("B-1").await;
    for field in ["status", "amount", "subject", "version", "created_at"] {
        assert_eq!(restored[field], then[field], "{field}");
    }
    shop.read("/v1/orders/B-2").await.problem(404, "not-found");
    let gone = shop.read(&format!("/v1/events?after={cursor}")).await;
    gone.problem(410, "cursor-unknown");
    shop.run(&["audit", "--evidence"]).with(0);
}

#[tokio::test]
async fn no_store_is_made_from_a_copy_in_which_anything_was_changed() {
    let mut shop = Shop::open().await;
    shop.place("CHANGED-1", 8800).await;
    let copy = shop.folder().join("copy");
    let dest = copy.to_str().unwrap();
    shop.run(&["backup", dest]).with(0);
    shop.stop();
    fs::remove_dir_all(shop.store()).unwrap();

    let file = copy.join("events.db");
    let mut bytes = fs::read(&file).unwrap();
    let (from, to) = (b"CHANGED-1", b"CHANGED-2");
    let place = bytes.windows(from.len()).rposition(|at| at == from);
    let place = place.expect("the order is not in the copy");
    bytes[place..place + to.len()].copy_from_slice(to);
    fs::write(&file, bytes).unwrap();
    let (_, err) = shop.run(&["restore", dest]).with(1);
    assert!(err.contains("copy"), "{err}");
    assert!(!shop.store().join("events.db").exists());
}
