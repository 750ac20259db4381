//! The streams of accounts and bills, and what an order that cannot be folded takes.

use payfold_domain::account::{
    Account, AccountCommand, AccountRejection, decide_account, evolve_account,
};
use payfold_domain::bill::{
    Bill, BillCommand, BilledMoney, FoundDifference, decide_bill, evolve_bill,
};
use payfold_domain::command::{Command, Rejection};
use payfold_domain::event::{
    AccountIdentity, BillDifference, BillImported, OrderEvent, UnknownMessageReceived,
};
use payfold_domain::exception::{ExceptionId, ExceptionKind, ResolutionAction, Resolver};
use payfold_domain::order::Order;
use payfold_domain::{Currency, Gateway, Money, Source, decide, evolve};

use crate::story;
use crate::story::say::{self, P1, PRICE};

fn identity(merchant_id: &str) -> AccountIdentity {
    AccountIdentity {
        account: say::account(),
        gateway: Gateway::Alipay,
        merchant_id: merchant_id.to_owned(),
        app_id: Some(say::app("2021")),
    }
}

fn told(account: Account, command: AccountCommand) -> (Account, Vec<&'static str>) {
    let events = decide_account(&account, command).unwrap();
    let names = events.iter().map(|event| event.name()).collect();
    let account = events.iter().fold(account, |account, event| {
        evolve_account(account, event, say::NOW)
    });
    (account, names)
}

#[test]
fn an_accounts_identity_is_recorded_once_and_another_one_is_told_with_both() {
    let record = |merchant| AccountCommand::Record(identity(merchant));
    let (account, names) = told(Account::default(), record("2088"));
    assert_eq!(names, ["AccountRecorded"]);
    assert_eq!(decide_account(&account, record("2088")), Ok(Vec::new()));
    assert_eq!(
        decide_account(&account, record("2089")),
        Err(AccountRejection::OtherIdentity {
            recorded: Box::new(identity("2088")),
            configured: Box::new(identity("2089")),
        })
    );
}

#[test]
fn every_unknown_message_is_kept() {
    let unknown = || {
        AccountCommand::ReceiveUnknownMessage(UnknownMessageReceived {
            account: say::account(),
            kind: "TRADE_FROZEN".to_owned(),
        })
    };
    let (account, names) = told(Account::default(), unknown());
    assert_eq!(names, ["UnknownMessageReceived"]);
    assert_eq!(told(account, unknown()).1, ["UnknownMessageReceived"]);
}

#[test]
fn notifies_for_a_corrupt_order_are_all_kept_and_open_one_exception() {
    let (account, _) = told(Account::default(), of_corrupt_order(Source::Notify));
    let (account, names) = told(account, of_corrupt_order(Source::Notify));
    assert_eq!(names, ["CorruptOrderMessaged"]);
    let id = say::exception("T1", ExceptionKind::Corrupt);
    assert_eq!(account.exceptions.len(), 1);
    let resolve = |action| AccountCommand::ResolveException(say::resolving(&id, action));
    assert_eq!(
        decide_account(&account, resolve(ResolutionAction::Refund)),
        Err(AccountRejection::Refused(Rejection::ActionNotOffered {
            offered: vec![ResolutionAction::Dismiss]
        }))
    );
    let (account, names) = told(account, resolve(ResolutionAction::Dismiss));
    assert_eq!(names, ["ExceptionResolved"]);
    assert_eq!(told(account, resolve(ResolutionAction::Dismiss)).1, [""; 0]);
}

/// A message that states the money `T1` for an order whose events cannot be read.
fn of_corrupt_order(source: Source) -> AccountCommand {
    AccountCommand::MessageCorruptOrder {
        payment: say::payment(P1),
        order_no: Some(say::order_no()),
        receipt: Some(say::receipt("T1", PRICE)),
        source,
    }
}

#[test]
fn what_a_query_or_a_bill_says_of_a_corrupt_order_is_kept_once() {
    for source in [Source::Query, Source::Bill] {
        let (account, names) = told(Account::default(), of_corrupt_order(source));
        assert_eq!(names, ["CorruptOrderMessaged"]);
        let (account, names) = told(account, of_corrupt_order(source));
        assert_eq!(names, [""; 0]);
        let id = say::exception("T1", ExceptionKind::Corrupt);
        let dismissed = say::resolving(&id, ResolutionAction::Dismiss);
        let (account, _) = told(account, AccountCommand::ResolveException(dismissed));
        let (account, names) = told(account, of_corrupt_order(source));
        assert_eq!(names, [""; 0], "nor once a person has seen it");
        let (_, names) = told(account, of_corrupt_order(Source::Notify));
        assert_eq!(names, ["CorruptOrderMessaged"], "what was answered is kept");
    }
}

fn imported(digest: u8) -> BillImported {
    BillImported {
        account: say::account(),
        date: "2026-11-25".to_owned(),
        digest: [digest; 32],
        payments: 1,
        paid_minor: PRICE,
        refunds: 0,
        refunded_minor: 0,
        fee_minor: 5,
        foreign: 0,
        currency: Currency::CNY,
        awaited: Vec::new(),
        carried: Vec::new(),
    }
}

fn missing_here(transactions: &[&str]) -> Vec<FoundDifference> {
    let found = transactions.iter().map(|id| FoundDifference {
        payment: say::payment(P1),
        transaction_id: Some(say::transaction(id)),
        money: BilledMoney::Payment,
        difference: BillDifference::MissingHere,
        here: None,
        there: Some(Money::cny(PRICE)),
    });
    found.collect()
}

fn tell_bill(bill: Bill, command: BillCommand) -> (Bill, Vec<&'static str>) {
    let events = decide_bill(&bill, command).unwrap();
    let names = events.iter().map(|event| event.name()).collect();
    let bill = events
        .iter()
        .fold(bill, |bill, event| evolve_bill(bill, event, say::NOW));
    (bill, names)
}

/// The bill after an import that found these, and the names of its events.
fn import(mut bill: Bill, digest: u8, transactions: &[&str]) -> (Bill, Vec<&'static str>) {
    let mut names = Vec::new();
    let found = missing_here(transactions);
    let conclude = BillCommand::Conclude {
        imported: imported(digest),
        found: found.clone(),
    };
    for command in [BillCommand::Note(found), conclude] {
        let (after, told) = tell_bill(bill, command);
        bill = after;
        names.extend(told);
    }
    (bill, names)
}

#[test]
fn a_bill_is_imported_once_and_a_corrected_one_adds_what_differs_anew() {
    let (bill, names) = import(Bill::default(), 1, &["T1"]);
    assert_eq!(names, ["BillDifferenceFound", "BillImported"]);
    let (bill, names) = import(bill, 1, &["T1"]);
    assert_eq!(names, [""; 0]);
    let (bill, names) = import(bill, 2, &["T1", "T2"]);
    assert_eq!(names, ["BillDifferenceFound", "BillImported"]);
    assert_eq!(bill.exceptions.len(), 2);
}

#[test]
fn an_import_that_was_cut_off_goes_on_where_it_was_and_settles_what_differs_no_more() {
    let (bill, names) = tell_bill(
        Bill::default(),
        BillCommand::Note(missing_here(&["T1", "T2", "T1"])),
    );
    assert_eq!(names, ["BillDifferenceFound"; 2], "each once");
    let (bill, names) = import(bill, 1, &["T2", "T3"]);
    assert_eq!(
        names,
        ["BillDifferenceFound", "ExceptionResolved", "BillImported"]
    );
    let open = bill
        .exceptions
        .iter()
        .filter(|known| known.resolution.is_none());
    let open: Vec<_> = open.map(|known| known.transaction_id.clone()).collect();
    assert_eq!(
        open,
        [Some(say::transaction("T2")), Some(say::transaction("T3"))]
    );
    let settled = bill.exceptions[0].resolution.as_ref().unwrap();
    assert_eq!(settled.by, Resolver::Events);
    let gone = BillCommand::Settle(missing_here(&["T2"]));
    let (bill, names) = tell_bill(bill, gone.clone());
    assert_eq!(names, ["ExceptionResolved"]);
    assert_eq!(tell_bill(bill, gone).1, [""; 0]);
}

#[test]
fn what_differed_no_more_and_does_again_is_told_again_and_what_a_person_dismissed_is_not() {
    let (bill, _) = import(Bill::default(), 1, &["T1"]);
    let (bill, names) = import(bill, 2, &[]);
    assert_eq!(names, ["ExceptionResolved", "BillImported"]);
    let (bill, names) = import(bill, 1, &["T1"]);
    assert_eq!(names, ["BillDifferenceFound", "BillImported"]);
    let again = bill.exceptions[1].clone();
    assert_ne!(again.id, bill.exceptions[0].id);
    assert_eq!(again.resolution, None);
    let (bill, names) = import(bill, 2, &[]);
    assert_eq!(names, ["ExceptionResolved", "BillImported"]);

    let (bill, names) = import(bill, 1, &["T1"]);
    assert_eq!(names, ["BillDifferenceFound", "BillImported"]);
    let decided = say::resolving(&bill.exceptions[2].id, ResolutionAction::Dismiss);
    let (bill, _) = tell_bill(bill, BillCommand::ResolveException(decided));
    let (bill, _) = import(bill, 2, &[]);
    let (_, names) = import(bill, 1, &["T1"]);
    assert_eq!(names, ["BillImported"]);
}

#[test]
fn a_payment_and_its_refunds_differ_each_for_itself() {
    let mut found = missing_here(&["T1", "T1", "T1"]);
    found[1].money = BilledMoney::Refund(say::refund_no("R1"));
    found[2].money = BilledMoney::Refund(say::refund_no("R2"));
    let (bill, _) = tell_bill(Bill::default(), BillCommand::Note(found));
    let refunds: Vec<_> = bill
        .exceptions
        .iter()
        .map(|known| known.refund_no.clone())
        .collect();
    assert_eq!(
        refunds,
        [None, Some(say::refund_no("R1")), Some(say::refund_no("R2"))]
    );
}

#[test]
fn ids_of_differences_are_what_they_were() {
    let mut found = missing_here(&["T1", "T1"]);
    found[1].money = BilledMoney::Refund(say::refund_no("R1"));
    let kind = ExceptionKind::Bill(BillDifference::MissingHere);
    let expected = ["T1", "T1\nR1"].map(|about| ExceptionId::derive(&say::account(), about, kind));
    let (bill, _) = tell_bill(Bill::default(), BillCommand::Note(found));
    let ids: Vec<_> = bill.exceptions.iter().map(|known| &known.id).collect();
    assert_eq!(ids, expected.iter().collect::<Vec<_>>());
}

#[test]
fn refunds_without_a_number_differ_each_for_itself() {
    let unnumbered = |minor, nth| FoundDifference {
        money: BilledMoney::UnnumberedRefund { minor, nth },
        there: Some(Money::cny(minor)),
        ..missing_here(&["T1"]).remove(0)
    };
    let mut found = missing_here(&["T1"]);
    found.extend([unnumbered(300, 1), unnumbered(300, 2), unnumbered(500, 1)]);
    let (bill, names) = tell_bill(Bill::default(), BillCommand::Note(found.clone()));
    assert_eq!(names, ["BillDifferenceFound"; 4]);
    assert_eq!(tell_bill(bill.clone(), BillCommand::Note(found)).1, [""; 0]);
    let gone = BillCommand::Settle(vec![unnumbered(300, 2)]);
    assert_eq!(tell_bill(bill, gone).1, ["ExceptionResolved"]);
}

#[test]
fn a_difference_of_another_amount_than_before_is_told_instead() {
    let of = |minor| FoundDifference {
        there: Some(Money::cny(minor)),
        ..missing_here(&["T1"]).remove(0)
    };
    let told = |bill, minor| tell_bill(bill, BillCommand::Note(vec![of(minor)]));
    let (bill, _) = told(Bill::default(), 701);
    let (bill, names) = told(bill, 702);
    assert_eq!(names, ["ExceptionResolved", "BillDifferenceFound"]);
    let dismissed = say::resolving(&bill.exceptions[1].id, ResolutionAction::Dismiss);
    let (bill, _) = tell_bill(bill, BillCommand::ResolveException(dismissed));
    assert_eq!(told(bill.clone(), 702).1, [""; 0], "a person has seen it");
    let (bill, names) = told(bill, 701);
    assert_eq!(names, ["BillDifferenceFound"], "that differed no more");
    let open = bill.exceptions.iter();
    let mut open = open.filter(|known| known.resolution.is_none());
    let received = open.next().unwrap().received.clone().unwrap();
    assert_eq!((received.amount, open.next()), (Money::cny(701), None));
}

#[test]
fn an_event_that_cannot_have_happened_makes_an_order_corrupt_and_says_where() {
    let paid = story::paid();
    let order = evolve(paid.order, &OrderEvent::OrderCancelled, say::NOW);
    let Order::Corrupt(corruption) = &order else {
        panic!("{order:?}");
    };
    assert_eq!(
        (corruption.state, corruption.event),
        ("paid", "OrderCancelled")
    );
    assert_eq!(corruption.order_no, Some(say::order_no()));
    let later = evolve(order.clone(), &OrderEvent::ShipmentRequested, say::NOW);
    assert_eq!(later, order);
}

#[test]
fn a_corrupt_order_takes_no_command() {
    let order = evolve(Order::Unplaced, &OrderEvent::OrderExpired, say::NOW);
    for command in [
        say::place(),
        say::start(P1),
        say::notify(P1, [say::paid("T1", PRICE)]),
        say::cancel([]),
        Command::DeliverShipment,
    ] {
        assert_eq!(decide(&order, command), Err(Rejection::OrderCorrupt));
    }
}
