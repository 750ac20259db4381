//! Everything that the views answer, to hold two ways of folding against each other.

use chrono::NaiveDate;
use payfold_domain::Timestamp;
use payfold_projections::{
    CancelWish, DailyRow, DueOrder, ExceptionRow, ListedOrder, ListedShipment, OpenPayment,
    OpenRefund, OpenStray, OrderFilter, Question, TakenUpStray, View, Views,
};
use payfold_store::Position;

const ALL: usize = 10_000;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    orders: Vec<ListedOrder>,
    shipments: Vec<ListedShipment>,
    report: Vec<DailyRow>,
    exceptions: Vec<ExceptionRow>,
    due: Vec<DueOrder>,
    wishes: Vec<CancelWish>,
    payments: Vec<OpenPayment>,
    refunds: Vec<OpenRefund>,
    questions: Vec<Question>,
    strays: Vec<OpenStray>,
    taken_up: Vec<TakenUpStray>,
    positions: Vec<(Position, u64)>,
}

pub(crate) fn answers(views: &Views, now: Timestamp) -> Answers {
    let work = &views.open_work;
    let start = Position::default();
    let day = |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
    Answers {
        orders: views
            .orders
            .list(&OrderFilter::default(), None, ALL)
            .unwrap()
            .items,
        shipments: views.shipments.list(None, None, ALL).unwrap().items,
        report: views
            .daily_report
            .between(day("2000-01-01"), day("2100-01-01"))
            .unwrap()
            .value,
        exceptions: views.exceptions.list(None, None, ALL).unwrap().items,
        due: work.orders_due_to_expire(now, None, ALL).unwrap().value,
        wishes: work.cancel_wishes(start, ALL).unwrap().value,
        payments: work.open_payments(now, start, ALL).unwrap().value,
        refunds: work.open_refunds(start, ALL).unwrap().value,
        questions: work.questions(now, start, ALL).unwrap().value,
        strays: work.open_strays(start, ALL).unwrap().value,
        taken_up: work.strays_taken_up(start, ALL).unwrap().value,
        positions: View::ALL
            .map(|view| {
                let standing = views.standing().of(view);
                (standing.position, standing.unreadable)
            })
            .into(),
    }
}
