//! The promises that are made in seconds: when money is known, a buyer has his answer, an order ends
//! and a refund is through, also where no notify ever arrives. Each is made of a world in which all is
//! well; what was wrong starts its clock again (`trouble`), and slow ports stretch it.

use std::collections::BTreeSet;
use std::time::Duration;

use payfold_domain::event::OrderEvent;
use payfold_domain::order::{OrderStatus, Payment, PaymentStage, RefundStatus};
use payfold_domain::{Method, RefundNo, Timestamp};
use serde_json::Value;

use crate::aftermath::{Aftermath, Found, OrderStep, OrderStory};
use crate::ask::{Heard, Waiting};
use crate::books::Paid;
use crate::rules::LONG_AFTER_SECS;
use crate::schedule::Act;
use crate::trouble::{any_between, deadline, earlier, later};

/// Money is known after this time, or after a quarter of its payment's age.
const KNOWN_SECS: i64 = 45;

/// Looks at a payment are ten minutes apart at most, and take a moment.
const FARTHEST_SECS: i64 = 10 * 60 + 15;

/// An order whose cancelling was asked for ends after this time: a gateway that did not answer is asked
/// again after ten seconds.
const CANCELLED_SECS: i64 = 30;

/// An order ends after this time: a payment that its gateway does not know counts as over a minute
/// after its end, and is looked at again every ten seconds.
const EXPIRED_SECS: i64 = 90;

/// What is left of an order's life when a gateway takes no start any more, and some seconds to ask it.
const LAST_STARTS_SECS: i64 = 75;

/// What becomes of a stuck refund is known after this time, or after a quarter of its age.
const STUCK_SECS: i64 = 75;

/// How far apart a gateway wants the refunds of one payment at most.
const APART_SECS: i64 = 60;

/// A buyer who came back has been asked for at the gateway within these, or is asked for anew.
const ASKED_LATELY_SECS: i64 = 3;

/// How long a gateway's answer to a question of somebody who waits takes at most, where all is quick.
const ANSWERED: Duration = Duration::from_millis(500);

/// How long it takes at most to ask about an order's payments one after the other, and to close them, where
/// all is quick.
const CLOSED_IN_TURN: Duration = Duration::from_secs(2);

/// How many calls of ports lie one behind the other in the longest way of a promise.
const CALLS: u64 = 32;

/// Holds all of them.
pub(crate) fn hold(aftermath: &Aftermath<'_>, found: &mut Found) {
    let times = Times(aftermath);
    times.money_is_known(found);
    for heard in &aftermath.record.said.heard {
        times.whoever_waits_hears(heard, found);
        times.a_change_wakes_who_waits_for_it(heard, found);
    }
    for story in aftermath.orders.values() {
        times.orders_end(story, found);
        times.starts_are_healed(story, found);
    }
    times.what_nobody_wants_is_closed(found);
    times.orders_end_behind_their_payments(found);
    times.nothing_in_time_is_late(found);
    times.what_was_refused_is_not_there(found);
    times.refunds_end(found);
}

struct Times<'a>(&'a Aftermath<'a>);

/// A payment of an order, and the gateway's trade of its number.
struct Traded<'a> {
    trade: &'a Value,
    story: &'a OrderStory,
    payment: &'a Payment,
}

impl Times<'_> {
    fn within(&self, secs: i64) -> Duration {
        let setting = &self.0.record.schedule.setting;
        let slack_ms = match setting.is_quick() {
            true => 0,
            false => setting.latency_ms * CALLS,
        };
        Duration::from_secs(secs.unsigned_abs()) + Duration::from_millis(slack_ms)
    }

    /// Until when something is to be done that is promised so long after `since`.
    fn deadline(&self, since: Timestamp, secs: i64) -> Timestamp {
        deadline(&self.0.record.troubles, since, self.within(secs))
    }

    /// How long something about a payment may take that its looks bring to light at `at`.
    fn by_a_look(payment: &Payment, at: Timestamp) -> i64 {
        let quarter = at.secs_since(payment.started_at) / 4;
        quarter.clamp(KNOWN_SECS, FARTHEST_SECS)
    }

    /// The trades that a gateway answers for when it is asked by a number that an order has: of two
    /// with one number the first. One that is paid after it was closed is known by its notify alone.
    fn traded(&self) -> Vec<Traded<'_>> {
        let mut numbers = BTreeSet::new();
        let mut traded = Vec::new();
        for trade in &self.0.trades {
            let number = trade["out_trade_no"].as_str().unwrap();
            let is_first = numbers.insert((trade["gateway"].to_string(), number));
            if is_first
                && !self.is_paid_late(number)
                && let Some((story, payment)) = self.0.payment_of(trade)
                && !matches!(payment.stage, PaymentStage::Failed { .. })
            {
                traded.push(Traded {
                    trade,
                    story,
                    payment,
                });
            }
        }
        traded
    }

    /// Whether nothing was wrong between two instants, and no gateway took a while.
    fn all_is_swift(&self, from: Timestamp, until: Timestamp) -> bool {
        let wrong = [&self.0.record.troubles, &self.0.record.unhurried];
        !wrong.iter().any(|wrong| any_between(wrong, from, until))
    }

    fn is_paid_late(&self, number: &str) -> bool {
        let mut steps = self.0.record.schedule.steps.iter();
        steps.any(|step| match step.act {
            Act::Trouble {
                fault: "late", pay, ..
            } => pay.out_trade_no() == number,
            _ => false,
        })
    }

    fn money_is_known(&self, found: &mut Found) {
        for Traded { trade, payment, .. } in self.traded() {
            let Some(paid) = Paid::of(trade) else {
                continue;
            };
            let Some(paid_at) = self.0.record.said.paid.get(&paid.out_trade_no) else {
                continue;
            };
            let known_at = self.0.known_at(&paid.transaction_id);
            let mut others = payment.transactions.iter();
            let other_first = others.any(|money| {
                let other_at = self.0.known_at(money.transaction_id.as_str());
                known_at.is_none_or(|at| other_at.is_some_and(|other_at| other_at < at))
            });
            // A second payment by the number was known first: nobody looks for one more.
            if other_first {
                continue;
            }
            let at = known_at.unwrap_or(self.0.record.now);
            let since = payment.started_at.max(*paid_at);
            let deadline = self.deadline(since, Self::by_a_look(payment, at));
            found.unless(
                at <= deadline,
                "money is known after 45 s, or a quarter of its payment's age",
                || {
                    let (since, until) = (shown(since), shown(deadline));
                    let known = known_at.map(shown);
                    format!("{trade}: since {since}, known {known:?}, by {until}")
                },
            );
        }
    }

    /// A buyer who comes back after he has paid, and a shop that waits for an order that is paid, are
    /// told so. Where anything is wrong or slow, they are told what is known.
    fn whoever_waits_hears(&self, heard: &Heard, found: &mut Found) {
        let Heard { who, from, until } = *heard;
        let lately = from.plus_secs(-ASKED_LATELY_SECS);
        if !self.0.record.schedule.setting.is_quick() || !self.all_is_swift(lately, until) {
            return;
        }
        // Another's question may put this one off, until right before the end of the wait.
        let mut others = self.0.record.said.heard.iter();
        let put_off = others.any(|other| {
            let turns = [1, 2].map(|turn| other.from.plus_secs(turn * ASKED_LATELY_SECS));
            let mut turns = turns.into_iter();
            other.from < from && turns.any(|turn| turn <= until && until < later(turn, ANSWERED))
        });
        if put_off {
            return;
        }
        for Traded {
            trade,
            story,
            payment,
        } in self.traded()
        {
            let theirs = match who {
                Waiting::Buyer(pay) => story.now().payment(&pay.payment()).is_some(),
                Waiting::Shop { order } => story.is_of(order),
                Waiting::TheShopTold { .. } => false,
            };
            let open = |at: Timestamp| {
                let order = story.as_of(at);
                order.is_some_and(|order| {
                    let known = order.payment(&payment.payment);
                    order.status == OrderStatus::Open && known.is_some_and(Payment::is_endless)
                })
            };
            let paid_before = Paid::of(trade).is_some_and(|paid| {
                let at = self.0.record.said.paid.get(&paid.out_trade_no);
                at.is_some_and(|at| *at <= from)
            });
            let unheard = theirs && paid_before && open(from) && open(until);
            found.unless(
                !unheard,
                "who waits for money that has come hears of it",
                || format!("{who:?} from {} until {}", shown(from), shown(until)),
            );
        }
    }

    fn a_change_wakes_who_waits_for_it(&self, heard: &Heard, found: &mut Found) {
        let Heard { who, from, until } = *heard;
        let Waiting::TheShopTold { order, version } = who else {
            return;
        };
        let setting = &self.0.record.schedule.setting;
        // What another node stores is not told at once.
        let promised = setting.is_quick() && setting.nodes == 1;
        if !promised || any_between(&self.0.record.troubles, from, until) {
            return;
        }
        let mut stories = self.0.orders.values();
        let story = stories.find(|story| story.is_of(order));
        let changed = story.and_then(|story| story.steps.get(version));
        let in_time =
            changed.is_some_and(|step| until <= later(step.append.stored_at.max(from), ANSWERED));
        found.unless(in_time, "a change wakes who waits for it", || {
            format!("{who:?} from {} until {}", shown(from), shown(until))
        });
    }

    fn orders_end(&self, story: &OrderStory, found: &mut Found) {
        let order = story.now();
        let ended_at = story.ended_at().unwrap_or(self.0.record.now);
        let by_time = self.deadline(order.expires_at, EXPIRED_SECS);
        found.unless(ended_at <= by_time, "an order ends by time", || {
            let (expires, by_time) = (shown(order.expires_at), shown(by_time));
            format!("{}: {expires}, by {by_time}", order.order_no)
        });
        let mut steps = story.steps.iter();
        let wish = steps.find(|step| matches!(step.event, OrderEvent::CancelRequested));
        if let Some(wish) = wish {
            let by_wish = self.deadline(wish.at, CANCELLED_SECS);
            found.unless(
                ended_at <= by_wish,
                "a wish to cancel comes to its end",
                || {
                    let (since, by_wish) = (shown(wish.at), shown(by_wish));
                    format!("{}: wished {since}, by {by_wish}", order.order_no)
                },
            );
        }
    }

    /// A process that ends between the intent and the call leaves a payment that is `starting`: the
    /// same request again starts it.
    fn starts_are_healed(&self, story: &OrderStory, found: &mut Found) {
        let order = story.now();
        if !self.0.record.asked_again || order.status != OrderStatus::Open {
            return;
        }
        for payment in &order.payments {
            found.unless(
                payment.stage != PaymentStage::Starting || !payment.transactions.is_empty(),
                "a payment whose start was cut off is started by the same request again",
                || format!("{}: {:?}", order.order_no, payment.payment),
            );
        }
    }

    /// What an order that has ended could still be paid by is closed at its gateway.
    fn what_nobody_wants_is_closed(&self, found: &mut Found) {
        let now = self.0.record.now;
        for Traded {
            trade,
            story,
            payment,
        } in self.traded()
        {
            let waits = matches!(trade["state"].as_str(), Some("WAIT_BUYER_PAY" | "NOTPAY"));
            let Some(ended_at) = story.ended_at().filter(|_| waits) else {
                continue;
            };
            let since = ended_at.max(payment.started_at);
            let deadline = self.deadline(since, Self::by_a_look(payment, now));
            found.unless(
                now <= deadline,
                "what an order could still be paid by is closed once it has ended",
                || format!("{trade}: ended {}, by {}", shown(ended_at), shown(deadline)),
            );
        }
    }

    /// Before an order is cancelled or expires, what it could be paid by is closed at its gateway: nobody
    /// pays it any more. What the gateway did not know of yet may still come; WeChat Pay knows of whatever
    /// was offered, Alipay of what a buyer has opened.
    fn orders_end_behind_their_payments(&self, found: &mut Found) {
        for Traded {
            trade,
            story,
            payment,
        } in self.traded()
        {
            let Some(OrderStep { at, order, .. }) = story.end() else {
                continue;
            };
            let Some(known) = order.payment(&payment.payment) else {
                continue;
            };
            if order.status == OrderStatus::Paid || known.method == Method::External {
                continue;
            }
            let number = trade["out_trade_no"].as_str().unwrap();
            let at_alipay = trade["gateway"] == "alipay";
            let was_there = if at_alipay {
                self.was_open_at_alipay(number, *at)
            } else {
                known.is_offered() || known.stage == PaymentStage::Closed
            };
            let paid_at = self.0.record.said.paid.get(number);
            let late = paid_at.is_some_and(|paid_at| at < paid_at);
            // Long after its end a payment counts as over, whatever its gateway says.
            let in_time = *at < order.expires_at.plus_secs(LONG_AFTER_SECS);
            let left_open = at_alipay && in_time && known.is_endless();
            found.unless(
                !was_there || !(late || left_open),
                "an order ends once nobody can pay it any more",
                || format!("{trade}: ended {}", shown(*at)),
            );
        }
    }

    /// Whether a buyer had opened a payment at Alipay before it was asked about for the last time until
    /// then.
    fn was_open_at_alipay(&self, number: &str, until: Timestamp) -> bool {
        let asked = earlier(until, CLOSED_IN_TURN);
        let opened = self.0.record.said.opened.get(number);
        opened.is_some_and(|opened| *opened < asked)
            && self.0.record.schedule.setting.is_quick()
            && self.all_is_swift(asked, until)
    }

    /// What was paid before its order ended is not late: the last question comes behind the last chance to
    /// pay.
    fn nothing_in_time_is_late(&self, found: &mut Found) {
        if !self.0.record.schedule.setting.is_quick() {
            return;
        }
        for story in self.0.orders.values() {
            let Some(ended_at) = story.ended_at() else {
                continue;
            };
            for step in &story.steps {
                let OrderEvent::LatePaymentReceived(late) = &step.event else {
                    continue;
                };
                let number = late.money.payment.out_trade_no.as_str();
                let paid_at = self.0.record.said.paid.get(number);
                let in_time = paid_at.is_some_and(|paid_at| {
                    let order = story.as_of(*paid_at);
                    let known = order.and_then(|order| order.payment(&late.money.payment));
                    // Other money by the number was the first.
                    let first = step.order.payment(&late.money.payment);
                    known.is_some()
                        && first.is_some_and(|payment| payment.transactions.len() == 1)
                        && later(*paid_at, ANSWERED) < ended_at
                        && self.all_is_swift(*paid_at, ended_at)
                });
                found.unless(
                    !in_time || self.is_paid_late(number),
                    "what was paid before its order ended is not late",
                    || format!("{number}: {paid_at:?}, ended {}", shown(ended_at)),
                );
            }
        }
    }

    /// A start counts as refused where the gateway refused it: nobody can pay by it there. Within a minute
    /// of an order's end it refuses, too, what it took before without an answer.
    fn what_was_refused_is_not_there(&self, found: &mut Found) {
        for trade in &self.0.trades {
            let number = trade["out_trade_no"].as_str().unwrap();
            let mut steps = self.0.record.schedule.steps.iter();
            let unheard_of = steps.any(|step| match step.act {
                Act::Pay {
                    pay,
                    minor: Some(_),
                    ..
                } => pay.out_trade_no() == number,
                _ => false,
            });
            let Some((story, payment)) = self.0.payment_of(trade).filter(|_| !unheard_of) else {
                continue;
            };
            let mut steps = story.steps.iter().rev();
            let refusal = steps.find(|step| match &step.event {
                OrderEvent::PaymentStartFailed(failed) => failed.payment == payment.payment,
                _ => false,
            });
            let in_time = refusal
                .is_some_and(|step| step.at.plus_secs(LAST_STARTS_SECS) < story.now().expires_at);
            let over = matches!(trade["state"].as_str(), Some("CLOSED" | "TRADE_CLOSED"));
            let refused = in_time && !over && matches!(payment.stage, PaymentStage::Failed { .. });
            found.unless(
                !refused,
                "a start that was refused is unknown to its gateway",
                || format!("{}: {trade}", story.now().order_no),
            );
        }
    }

    /// A refund is asked for at its gateway, and what became of it there becomes known.
    fn refunds_end(&self, found: &mut Found) {
        let now = self.0.record.now;
        for story in self.0.orders.values() {
            for payment in &story.now().payments {
                let many = i64::try_from(payment.refunds.len()).unwrap();
                for refund in &payment.refunds {
                    let since = story.refund_stands_since(&payment.payment, &refund.refund_no);
                    let at_gateway = self.0.record.settled.refund(payment, &refund.refund_no);
                    let settled = since.max(self.0.record.settled.at);
                    let age = now.secs_since(since) / 4;
                    let deadline = match (refund.status, at_gateway) {
                        (RefundStatus::Requested, _) => {
                            self.deadline(since, KNOWN_SECS + APART_SECS * many)
                        }
                        (RefundStatus::Submitted, Some(state)) if state != "PROCESSING" => {
                            self.deadline(settled, KNOWN_SECS.max(age))
                        }
                        (RefundStatus::NeedsAction, Some("SUCCESS" | "CLOSED")) => {
                            self.deadline(settled, STUCK_SECS.max(age))
                        }
                        (RefundStatus::Failed, Some("SUCCESS")) => {
                            self.deadline(settled, KNOWN_SECS)
                        }
                        _ => continue,
                    };
                    found.unless(now <= deadline, "a refund comes to its end", || {
                        let (no, status) = (&refund.refund_no, refund.status.as_str());
                        let (since, by) = (shown(since), shown(deadline));
                        format!("{no}: {status} since {since}, there {at_gateway:?}, by {by}")
                    });
                }
            }
        }
    }
}

/// The gateway's books at a moment.
pub(crate) struct Settled {
    pub(crate) at: Timestamp,
    pub(crate) trades: Vec<Value>,
}

impl Settled {
    /// How a refund of a payment stood there then.
    fn refund(&self, payment: &Payment, refund_no: &RefundNo) -> Option<&str> {
        let number = payment.payment.out_trade_no.as_str();
        let mut refunds = self.trades.iter().filter_map(|trade| {
            let refunds = trade["refunds"].as_array()?;
            if trade["out_trade_no"] != number {
                return None;
            }
            refunds
                .iter()
                .find(|refund| refund["refund_no"] == refund_no.as_str())
        });
        refunds.next_back()?["state"].as_str()
    }
}

/// An instant as the story of a schedule tells it.
fn shown(at: Timestamp) -> String {
    let micros = at.as_micros() - crate::node::START_SECS * 1_000_000;
    format!("{:.3} s", micros as f64 / 1e6)
}
