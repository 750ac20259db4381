//! Texts with commas in a bill, which quotes nothing: what they are read as, and when they refuse it.

use std::fmt::Write as _;

use payfold_domain::bill::BillRow;
use proptest::prelude::*;

use crate::bill::{gbk, published, read};

/// The texts of a row, as published but for these.
#[derive(Debug, Clone, Copy)]
struct Texts<'a> {
    subject: &'a str,
    store: &'a str,
    operator: &'a str,
    payer: &'a str,
    coupon: &'a str,
    note: &'a str,
}

const PLAIN: Texts<'static> = Texts {
    subject: "测试商品",
    store: "",
    operator: "",
    payer: "*三(139****00)",
    coupon: "",
    note: "",
};

/// The published bill, its first payment and its refund with these texts.
fn with(texts: Texts<'_>) -> String {
    let Texts {
        subject,
        store,
        operator,
        payer,
        coupon,
        note,
    } = texts;
    let rewritten = |line: &str| {
        let (from, to) = (
            ["测试商品", "\t,\t,\t,\t,*三(139****00)\t,", "0.00,,0.00\t"],
            [
                subject.to_owned(),
                format!("\t,{store}\t,{operator}\t,\t,{payer}\t,"),
                format!("0.00,{coupon},0.00\t"),
            ],
        );
        let texts = from.iter().zip(to);
        let line = texts.fold(line.to_owned(), |line, (from, to)| {
            line.replacen(from, &to, 1)
        });
        format!("{line}{note}")
    };
    let mut bill = String::new();
    for line in published().lines() {
        let line = match line.contains("测试商品") {
            true => rewritten(line),
            false => line.to_owned(),
        };
        writeln!(bill, "{line}").unwrap();
    }
    bill
}

fn plain() -> Vec<BillRow> {
    read(gbk(&published())).unwrap().1
}

#[track_caller]
fn is_read(texts: Texts<'_>) {
    let (_, rows) = read(gbk(&with(texts))).unwrap();
    assert_eq!(rows, plain(), "{texts:?}");
}

#[track_caller]
fn is_refused(texts: Texts<'_>) {
    let refusal = read(gbk(&with(texts))).unwrap_err();
    assert_eq!(refusal.line, 6, "{refusal}");
    assert!(refusal.found.contains("two ways"), "{refusal}");
}

#[test]
fn a_buyers_name_with_commas_refuses_no_bill() {
    for payer in [
        "SMITH,JOHN(smi***@x.com)",
        "SMITH,JOHN,JR.(smi***@x.com)",
        ",(a,b)",
        "上海,某某有限公司(shm***@x.com)",
    ] {
        is_read(Texts { payer, ..PLAIN });
    }
}

#[test]
fn a_stores_and_an_operators_name_with_commas_refuse_no_bill() {
    let (store, operator) = ("徐汇店,二楼", "王,五");
    is_read(Texts { store, ..PLAIN });
    is_read(Texts { operator, ..PLAIN });
    is_read(Texts {
        store,
        operator,
        ..PLAIN
    });
}

#[test]
fn every_text_of_a_row_may_have_commas_at_once() {
    is_read(Texts {
        subject: "苹果,梨,香蕉",
        store: "徐汇店,二楼",
        operator: "王,五",
        payer: "SMITH,JOHN(smi***@x.com)",
        coupon: "满100减5,周末",
        note: "苹果,梨,香蕉",
    });
}

#[test]
fn a_subject_of_many_commas_that_the_note_repeats_refuses_no_bill() {
    for commas in [13, 25, 60] {
        let subject = "件,".repeat(commas) + "件";
        is_read(Texts {
            subject: &subject,
            ..PLAIN
        });
        is_read(Texts {
            subject: &subject,
            note: &subject,
            ..PLAIN
        });
    }
}

#[test]
fn a_subject_with_times_between_commas_is_read() {
    for subject in [
        "电影票,2026-01-09 19:30:00",
        "电影票,2026-01-09 19:30:00,5排6座",
        "会议,2026-01-09 09:00:00,2026-01-09 18:00:00,A厅",
        "2026-01-09 09:00:00,2026-01-09 18:00:00",
    ] {
        is_read(Texts {
            subject,
            note: subject,
            ..PLAIN
        });
    }
}

/// It would never end if every way to share out the commas were tried.
#[test]
fn a_line_full_of_commas_is_read() {
    let commas = ",".repeat(4_000);
    is_read(Texts {
        subject: &commas,
        note: &commas,
        payer: &format!("SMITH{commas}JOHN(smi***@x.com)"),
        ..PLAIN
    });
}

#[test]
fn a_note_that_begins_with_a_number_and_a_comma_is_read() {
    for note in ["10,000积分", "1,2-丙二醇", "1,000,000"] {
        is_read(Texts { note, ..PLAIN });
    }
}

#[test]
fn a_text_that_passes_for_other_columns_is_refused() {
    let times = "2026-01-05 09:59:40,2026-01-05 09:59:41";
    let amounts = "0.01,0.01,0.00,0.00,0.00,0.00,0.00";
    let subject = format!("x,{times},,,,,*四(x),{amounts},满减");
    is_refused(Texts {
        subject: &subject,
        ..PLAIN
    });
    let payer = format!("SMITH,{amounts},JOHN");
    is_refused(Texts {
        payer: &payer,
        ..PLAIN
    });
    is_refused(Texts {
        payer: "a,0.00",
        ..PLAIN
    });
}

#[test]
fn a_header_of_more_columns_than_any_bill_has_is_refused() {
    let wide = published().replacen(",备注\r\n", &format!(",备注{}\r\n", ",x".repeat(200)), 1);
    let refusal = read(gbk(&wide)).unwrap_err();
    assert_eq!((refusal.line, refusal.found.as_str()), (5, "225 columns"));
}

proptest! {
    #[test]
    fn commas_in_texts_never_change_what_a_row_says(
        subject in "[,a0.]{0,8}",
        store in "[,a0.]{0,4}",
        operator in "[,a0.]{0,4}",
        payer in "[,a0.]{0,8}",
        coupon in "[,a0.]{0,8}",
        note in "[,a0.]{0,8}",
    ) {
        let texts = Texts {
            subject: &subject,
            store: &store,
            operator: &operator,
            payer: &payer,
            coupon: &coupon,
            note: &note,
        };
        match read(gbk(&with(texts))) {
            Ok((_, rows)) => prop_assert_eq!(rows, plain()),
            Err(refusal) => prop_assert!(matches!(refusal.line, 6 | 7), "{}", refusal),
        }
    }
}
