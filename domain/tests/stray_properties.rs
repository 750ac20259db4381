//! What holds after every command of every stray, and when an order takes it up.

use payfold_domain::command::{Command, Foreign, Observe, RetryRefund, SubmitRefund, TakeUpBasis};
use payfold_domain::event::StrayEvent;
use payfold_domain::exception::ResolutionAction;
use payfold_domain::policy::Capability;
use payfold_domain::stray::{
    Claim, Stray, StrayCommand, StrayMoney, StrayRejection, decide_stray, evolve_stray,
};
use payfold_domain::{Fact, Money, RefundSize, RefundState, Source, TransactionId};
use proptest::prelude::*;
use proptest::sample::select;

use crate::story;
use crate::story::say::{self, P1, PRICE};

/// A command, or one that needs the stray to name what it is about.
#[derive(Debug, Clone)]
enum Step {
    Observe(Source, Vec<Fact>),
    Resolve(usize, ResolutionAction),
    Refund(usize, Option<RefundState>),
    Retry(usize),
    TakeUp,
}

impl Step {
    fn command(&self, stray: &Stray) -> Option<StrayCommand> {
        let money = match stray {
            Stray::Heard(money) => Some(money),
            Stray::Unheard | Stray::Corrupt(_) => None,
        };
        let refund = |at: usize| {
            let refunds = &money?.refunds;
            refunds.get(at % refunds.len().max(1))
        };
        match self {
            Self::Observe(source, facts) => Some(observe(*source, facts.clone())),
            Self::Resolve(at, action) => {
                let exceptions = &money?.exceptions;
                let exception = exceptions.get(at % exceptions.len().max(1))?;
                let command = say::resolving(&exception.id, *action);
                Some(StrayCommand::ResolveException(command))
            }
            Self::Refund(at, None) => Some(StrayCommand::SubmitRefund(SubmitRefund {
                payment: say::payment(P1),
                refund_no: refund(*at)?.refund_no.clone(),
            })),
            Self::Refund(at, Some(state)) => {
                let refund = refund(*at)?;
                let no = refund.refund_no.as_str();
                let fact = say::stands(no, refund.amount.minor, *state);
                Some(observe(Source::Query, vec![fact]))
            }
            Self::Retry(at) => Some(StrayCommand::RetryRefund(RetryRefund {
                payment: say::payment(P1),
                refund_no: refund(*at)?.refund_no.clone(),
                capability: Capability::Full,
                by: say::key(),
            })),
            Self::TakeUp => Some(StrayCommand::TakeUp {
                payment: say::payment(P1),
                order_no: say::order_no(),
            }),
        }
    }
}

fn observe(source: Source, facts: Vec<Fact>) -> StrayCommand {
    StrayCommand::Observe(Observe {
        foreign: Foreign {
            transactions: vec![say::transaction("T9")],
            ..Foreign::default()
        },
        ..say::observing(P1, source, facts)
    })
}

fn state() -> impl Strategy<Value = RefundState> {
    select(vec![
        RefundState::Processing,
        RefundState::Succeeded(None),
        RefundState::NeedsAction,
        RefundState::Failed,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let minor = || select(vec![1000, 4400, PRICE]);
    let money =
        (select(vec!["T1", "T2", "T9"]), minor()).prop_map(|(id, minor)| say::paid(id, minor));
    let size = prop_oneof![
        minor().prop_map(|minor| RefundSize::Exactly(Money::cny(minor))),
        minor().prop_map(|minor| RefundSize::RunningTotal(Money::cny(minor))),
        Just(RefundSize::Unknown),
    ];
    let number = select(vec![None, Some("X1"), Some("X2")]);
    let refund = (number, size, state()).prop_map(|(no, size, state)| say::refund(no, size, state));
    let closing = select(vec![
        Fact::NotPaidYet,
        Fact::FinallyUnpaid,
        Fact::NoMoreRefunds,
    ]);
    let facts = (
        prop::option::weighted(0.7, money),
        prop::option::weighted(0.4, refund),
        prop::option::weighted(0.2, closing),
    )
        .prop_map(|(money, refund, closing)| {
            money.into_iter().chain(refund).chain(closing).collect()
        });
    prop_oneof![
        6 => (select(vec![Source::Notify, Source::Query]), facts)
            .prop_map(|(source, facts)| Step::Observe(source, facts)),
        2 => (any::<usize>(), select(vec![ResolutionAction::Refund, ResolutionAction::Dismiss]))
            .prop_map(|(at, action)| Step::Resolve(at, action)),
        3 => (any::<usize>(), prop::option::of(state()))
            .prop_map(|(at, state)| Step::Refund(at, state)),
        1 => any::<usize>().prop_map(Step::Retry),
    ]
}

fn told(stray: Stray, command: StrayCommand) -> (Stray, Result<Vec<StrayEvent>, StrayRejection>) {
    let decided = decide_stray(&stray, command);
    let after = decided
        .iter()
        .flatten()
        .fold(stray, |stray, event| evolve_stray(stray, event, say::NOW));
    (after, decided)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_stray_keeps_every_promise_and_goes_over_to_its_order_whole(
        steps in prop::collection::vec(step(), 1..30)
    ) {
        let mut stray = Stray::Unheard;
        for step in steps {
            let Some(command) = step.command(&stray) else { continue };
            let (after, decided) = told(stray, command.clone());
            stray = after;
            prop_assert!(!matches!(stray, Stray::Corrupt(_)), "{stray:?}");
            if matches!(command, StrayCommand::Observe(_)) {
                prop_assert!(decided.is_ok(), "a gateway's fact was refused: {decided:?}");
            }
            for event in decide_stray(&stray, command).iter().flatten() {
                prop_assert_eq!(event.name(), "DuplicateNotifyIgnored");
            }
            if let Stray::Heard(money) = &stray {
                money_adds_up(money);
            }
        }
        let (stray, _) = told(stray, Step::TakeUp.command(&Stray::Unheard).unwrap());
        if let Stray::Heard(money) = stray {
            prop_assert_eq!(&money.claim, &Claim::TakenUp(say::order_no()));
            prop_assert!(money.exceptions.iter().all(|one| one.resolution.is_some()));
            goes_over_whole(&money);
        }
    }
}

fn money_adds_up(money: &StrayMoney) {
    let mut seen: Vec<&TransactionId> = Vec::new();
    for received in &money.transactions {
        assert!(!seen.contains(&&received.transaction_id));
        seen.push(&received.transaction_id);
        assert!((0..=received.amount.minor).contains(&received.refunded_minor));
    }
}

/// The order that takes the stray up knows all its money, and again is no news.
fn goes_over_whole(money: &StrayMoney) {
    let facts = money.observation().facts;
    let take_up = || -> Command { say::take_up(P1, TakeUpBasis::Claimed, facts.clone()) };
    let mut story = story::open();
    story.when(take_up()).unwrap();
    let brought: i64 = money.transactions.iter().map(|one| one.amount.minor).sum();
    assert_eq!(story.placed().received_minor(), brought);
    assert_eq!(story.when(take_up()), Ok(Vec::new()));
    let payment = story.placed().payment(&say::payment(P1)).unwrap();
    assert_eq!(payment.refund_window, money.refund_window);
    for refund in &money.refunds {
        let known = payment.refund(&refund.refund_no);
        assert_eq!(known.map(|known| known.amount), Some(refund.amount));
    }
}
