//! What the daily report counts, and where.

use chrono::NaiveDate;
use payfold_domain::event::{
    BillEvent, BillImported, DuplicateNotifyIgnored, Event, ExternalRefundObserved, NumberOwner,
    OrderEvent, RefundSucceeded, RefundTroubled, Staleness, StrayEvent, StrayTakenUp,
};
use payfold_domain::exception::ExceptionKind;
use payfold_domain::{AccountName, Currency, Method, Money};
use payfold_projections::DailyRow;
use payfold_store::{Position, StreamName};

use crate::feed::{
    Feed, account, after_new_year, confirmed, exception, late, order, payment, placed, refund_no,
    started, transaction, unmatched,
};

const DAY_S: i64 = 86_400;

/// A row of the first of January, with nothing in it.
fn row(method: Method) -> DailyRow {
    DailyRow {
        date: day("2026-01-01"),
        account: account(),
        method,
        payments_started: 0,
        payments_confirmed: 0,
        paid_minor: 0,
        refunds: 0,
        refunded_minor: 0,
        duplicates_ignored: 0,
        exceptions: 0,
        fee_minor: 0,
    }
}

fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
}

fn report(feed: &Feed) -> Vec<DailyRow> {
    let (_runner, views) = feed.folded();
    let report = views.daily_report;
    report
        .between(day("2025-01-01"), day("2027-01-01"))
        .unwrap()
        .value
}

fn succeeded(number: &str, method: Method, at: i64) -> RefundSucceeded {
    RefundSucceeded {
        payment: payment(number),
        method,
        refund_no: refund_no("r"),
        amount: Money::cny(100),
        succeeded_at: after_new_year(at),
    }
}

fn external(number: &str, method: Method, refund: Option<&str>) -> ExternalRefundObserved {
    ExternalRefundObserved {
        payment: payment(number),
        method,
        transaction_id: transaction(number),
        refund_no: refund.map(refund_no),
        amount: Some(Money::cny(100)),
        size: None,
        number: NumberOwner::Payment,
        refunded_at: after_new_year(0),
        exception: exception(number, ExceptionKind::ExternalRefund),
    }
}

#[test]
fn a_payment_counts_on_the_gateways_own_day_and_the_rest_on_ours() {
    let mut feed = Feed::default();
    feed.order("A", 0, placed("A"));
    feed.order("A", DAY_S, started("1", None));
    // Paid on the last second of the year in Shanghai, told a day later.
    feed.order("A", DAY_S, confirmed("1", -8 * 3600 - 1));
    let duplicate = OrderEvent::DuplicateNotifyIgnored(DuplicateNotifyIgnored {
        payment: payment("1"),
        method: Method::AlipayPage,
        transaction_id: None,
        staleness: Staleness::Repeat,
    });
    feed.order("A", DAY_S, duplicate);
    assert_eq!(
        report(&feed),
        [
            DailyRow {
                date: day("2025-12-31"),
                payments_confirmed: 1,
                paid_minor: 8800,
                ..row(Method::AlipayPage)
            },
            DailyRow {
                date: day("2026-01-02"),
                payments_started: 1,
                duplicates_ignored: 1,
                ..row(Method::AlipayPage)
            },
        ]
    );
}

#[test]
fn days_outside_the_asked_ones_are_left_out() {
    let mut feed = Feed::default();
    for days in 0..4 {
        feed.order("A", days * DAY_S, started("1", None));
    }
    let (_runner, views) = feed.folded();
    let rows = views
        .daily_report
        .between(day("2026-01-02"), day("2026-01-03"))
        .unwrap();
    let dates: Vec<_> = rows.value.iter().map(|row| row.date.to_string()).collect();
    assert_eq!(dates, ["2026-01-02", "2026-01-03"]);
}

#[test]
fn money_beside_the_order_counts_as_an_exception_and_unmatched_money_has_no_method() {
    let mut feed = Feed::default();
    feed.order("A", 0, late("1", 0));
    feed.stray("2", 0, unmatched("2", 0));
    assert_eq!(
        report(&feed),
        [
            DailyRow {
                exceptions: 1,
                ..row(Method::AlipayPage)
            },
            DailyRow {
                exceptions: 1,
                ..row(Method::Unknown)
            },
        ]
    );
}

#[test]
fn a_refund_that_turns_out_to_be_stuck_counts_no_more_until_it_succeeds_again() {
    let mut feed = Feed::default();
    let method = Method::AlipayPage;
    let troubled = OrderEvent::RefundNeedsAction(RefundTroubled {
        payment: payment("1"),
        method,
        refund_no: refund_no("r"),
        exception: exception("1", ExceptionKind::RefundNeedsAction),
    });
    feed.order(
        "A",
        0,
        OrderEvent::RefundSucceeded(succeeded("1", method, 0)),
    );
    feed.order("A", 0, troubled);
    let stuck = DailyRow {
        exceptions: 1,
        ..row(method)
    };
    assert_eq!(report(&feed), std::slice::from_ref(&stuck));

    feed.order(
        "A",
        0,
        OrderEvent::RefundSucceeded(succeeded("1", method, DAY_S)),
    );
    let again = DailyRow {
        date: day("2026-01-02"),
        refunds: 1,
        refunded_minor: 100,
        ..row(method)
    };
    assert_eq!(report(&feed), [stuck, again]);
}

#[test]
fn what_is_told_of_one_back_office_refund_in_parts_is_one_refund() {
    let mut feed = Feed::default();
    feed.order("A", 0, placed("A"));
    for _ in 0..2 {
        let told = external("1", Method::AlipayPage, Some("back-office"));
        feed.order("A", 0, OrderEvent::ExternalRefundObserved(told));
    }
    let rows = report(&feed);
    assert_eq!((rows[0].refunds, rows[0].refunded_minor), (1, 200));
}

#[test]
fn what_was_given_back_of_unmatched_money_moves_to_the_order_that_takes_it_up() {
    for number in [None, Some("back-office")] {
        let mut feed = Feed::default();
        feed.stray("1", 0, unmatched("1", 0));
        let told = external("1", Method::Unknown, number);
        feed.stray("1", 0, StrayEvent::ExternalRefundObserved(told));
        let unknown = DailyRow {
            exceptions: 2,
            ..row(Method::Unknown)
        };
        let before = DailyRow {
            refunds: 1,
            refunded_minor: 100,
            ..unknown.clone()
        };
        assert_eq!(report(&feed), [before]);

        let taken_up = StrayTakenUp {
            payment: payment("1"),
            order_no: order("A"),
        };
        feed.stray("1", 0, StrayEvent::StrayTakenUp(taken_up));
        let told = external("1", Method::AlipayPage, number);
        feed.order("A", 0, OrderEvent::ExternalRefundObserved(told));
        let of_order = DailyRow {
            refunds: 1,
            refunded_minor: 100,
            exceptions: 1,
            ..row(Method::AlipayPage)
        };
        assert_eq!(report(&feed), [of_order, unknown]);
    }
}

#[test]
fn a_bill_imported_again_replaces_its_days_fees() {
    let mut feed = Feed::default();
    for fee_minor in [50, 53] {
        let bill = BillImported {
            account: account(),
            date: "2026-01-01".to_owned(),
            digest: [0; 32],
            payments: 1,
            paid_minor: 8800,
            refunds: 0,
            refunded_minor: 0,
            fee_minor,
            foreign: 0,
            currency: Currency::CNY,
            awaited: Vec::new(),
            carried: Vec::new(),
        };
        let stream = StreamName::Bill {
            account: account(),
            date: bill.date.clone(),
        };
        // Imported two days later.
        feed.push(
            stream,
            2 * DAY_S,
            &Event::Bill(BillEvent::BillImported(bill)),
        );
    }
    assert_eq!(
        report(&feed),
        [DailyRow {
            fee_minor: 53,
            ..row(Method::Unknown)
        }]
    );
}

#[test]
fn a_days_money_is_found_in_the_feed_wherever_it_was_told() {
    let mut feed = Feed::default();
    let mut told = Vec::new();
    // Once on its day, once thirty days and some stretches of events later.
    for (number, days) in [("1", 0), ("2", 30)] {
        feed.order(number, days * DAY_S, placed(number));
        feed.order(number, days * DAY_S, started(number, None));
        told.push(feed.order(number, days * DAY_S, confirmed(number, 60)));
        for filler in 0..9_000 {
            feed.order(&format!("F{number}-{filler}"), days * DAY_S, placed("F"));
        }
    }
    let end = feed.recorded.last().unwrap().position.0;
    let (_runner, views) = feed.folded();
    let stretches = |account: &AccountName, date| {
        let answer = views.daily_report.stretches(account, day(date).into());
        answer.unwrap().value
    };
    let found = stretches(&account(), "2026-01-01");
    let holds = |place: &Position| {
        found
            .iter()
            .any(|stretch| stretch.after < *place && *place <= stretch.last)
    };
    assert!(told.iter().all(holds), "{told:?} in {found:?}");
    let length: u64 = found.iter().map(|found| found.last.0 - found.after.0).sum();
    assert!(length < end / 2, "{length} of {end} are read");
    assert_eq!(stretches(&account(), "2026-01-02"), []);
    let other = AccountName::new("other").unwrap();
    assert_eq!(stretches(&other, "2026-01-01"), []);
}
