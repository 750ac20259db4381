//! Which day a bill is of, which it does not say.

use payfold_domain::bill::RefusedBill;
use payfold_wechatpay::BillProof;

use crate::bills::{own, read_with};

/// The day of a bill whose two rows are of these times.
fn day_of(first: &str, second: &str, asked: Option<&str>) -> Result<String, RefusedBill> {
    let bill = own()
        .replace("2026-11-23 16:01:02", first)
        .replace("2026-11-23 16:31:00", second);
    let proof = BillProof {
        sha1: None,
        date: asked,
    };
    read_with(bill, proof).map(|(summary, _)| summary.date)
}

#[track_caller]
fn refused(bill: Result<String, RefusedBill>, line: u64, found: &str, expected: &str) {
    let refusal = bill.unwrap_err();
    assert_eq!(refusal.line, line, "{refusal}");
    assert!(refusal.found.contains(found), "{refusal}");
    assert!(refusal.expected.contains(expected), "{refusal}");
}

#[test]
fn the_bill_of_a_quiet_day_that_holds_the_midnight_before_is_that_of_the_day_asked_for() {
    let asked = Some("2026-11-23");
    for (first, second) in [
        ("2026-11-22 23:59:58", "2026-11-22 23:59:59"),
        ("2026-11-22 23:59:58", "2026-11-23 12:00:00"),
        ("2026-11-23 12:00:00", "2026-11-22 15:00:00"),
        ("2026-11-24 00:00:01", "2026-11-22 23:59:59"),
        ("2026-11-24 00:00:01", "2026-11-24 00:00:02"),
    ] {
        let day = day_of(first, second, asked);
        assert_eq!(day.unwrap(), "2026-11-23", "{first} {second}");
    }
}

#[test]
fn the_bill_of_another_day_than_was_asked_for_is_refused() {
    for (asked, day) in [("2026-11-22", "2026-11-23"), ("2026-11-24", "2026-11-23")] {
        let bill = day_of("2026-11-23 16:01:02", "2026-11-23 16:31:00", Some(asked));
        let refusal = bill.unwrap_err();
        assert_eq!(refusal.found, format!("the bill of {day}"));
        assert_eq!(refusal.expected, format!("that of {asked}"));
    }
    let (noon, far) = ("2026-11-23 12:00:00", "2026-11-21 23:59:59");
    let asked = Some("2026-11-23");
    refused(day_of(noon, far, asked), 3, "2026-11-21", "2026-11-23");
    refused(day_of(far, noon, asked), 2, "2026-11-21", "2026-11-23");
    refused(day_of(noon, far, None), 3, "2026-11-21", "one day");
}

#[test]
fn a_day_that_is_none_is_refused() {
    let noon = "2026-11-23 12:00:00";
    refused(day_of(noon, noon, Some("20261123")), 0, "20261123", "YYYY");
}

#[test]
fn a_bill_that_somebody_brings_is_of_the_day_whose_rows_are_not_all_of_its_midnight() {
    for (first, second, day) in [
        ("2026-11-22 23:59:58", "2026-11-23 12:00:00", "2026-11-23"),
        ("2026-11-22 23:00:00", "2026-11-23 00:00:01", "2026-11-23"),
        ("2026-11-22 12:00:00", "2026-11-23 00:00:01", "2026-11-22"),
        ("2026-11-23 01:00:00", "2026-11-22 12:00:00", "2026-11-22"),
        ("2026-11-22 23:59:58", "2026-11-22 23:59:59", "2026-11-22"),
    ] {
        assert_eq!(
            day_of(first, second, None).unwrap(),
            day,
            "{first} {second}"
        );
    }
    let bill = day_of("2026-11-22 12:00:00", "2026-11-23 12:00:00", None);
    refused(bill, 3, "the rows of two days", "those of one");
}

/// More of the rows may be of the midnight before than of the day.
#[test]
fn the_bill_of_a_quiet_day_is_not_taken_for_that_of_the_day_before() {
    let row = own().lines().nth(1).unwrap().to_owned();
    let before = row.replace("2026-11-23 16:01:02", "2026-11-22 23:59:58");
    let bill = own()
        .replacen(&row, &format!("{before}\n{before}\n{before}\n{row}"), 1)
        .replace(
            "`2,`1.00,`0.40,`0.04,`0.01,`1.00",
            "`5,`4.00,`0.40,`0.04,`0.04,`4.00",
        );
    for date in [None, Some("2026-11-23")] {
        let (summary, _) = read_with(bill.as_str(), BillProof { sha1: None, date }).unwrap();
        assert_eq!(summary.date, "2026-11-23", "{date:?}");
    }
}

#[test]
fn a_bill_without_rows_is_of_the_day_that_was_asked_for() {
    let bill: Vec<String> = own().lines().map(str::to_owned).collect();
    let empty = format!(
        "{}\n{}\n`0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00\n",
        bill[0], bill[3]
    );
    let proof = BillProof {
        sha1: None,
        date: Some("2026-11-22"),
    };
    assert_eq!(
        read_with(empty.clone(), proof).unwrap().0.date,
        "2026-11-22"
    );
    let brought = read_with(empty, BillProof::default());
    refused(
        brought.map(|(summary, _)| summary.date),
        1,
        "no row",
        "a row",
    );
}
