//! Makes a schedule that breaks a rule as short as it can: leaves out faults, steps and whole orders
//! for as long as the same rule is still broken.

use crate::schedule::Schedule;
use crate::stage::{Equipment, Played, play};

/// How many schedules are played to find a shorter one, at most.
const ATTEMPTS: usize = 600;

/// The shortest schedule found, and what it breaks.
pub(crate) fn shrink(schedule: Schedule, equipment: &Equipment) -> (Schedule, Played) {
    let played = play(&schedule, equipment);
    let Some(rule) = played.violations.first().map(|violation| violation.rule) else {
        return (schedule, played);
    };
    let mut shrunk = Shrunk {
        schedule,
        played,
        rule,
        left: ATTEMPTS,
        equipment,
    };
    while shrunk.left > 0 && shrunk.shorten() {}
    (shrunk.schedule, shrunk.played)
}

struct Shrunk<'a> {
    schedule: Schedule,
    played: Played,
    rule: &'static str,
    left: usize,
    equipment: &'a Equipment,
}

impl Shrunk<'_> {
    /// One round over everything that could be left out; says whether anything was.
    fn shorten(&mut self) -> bool {
        let before = self.length();
        self.leave_out(|schedule| &mut schedule.faults);
        self.leave_out(|schedule| &mut schedule.steps);
        if self.schedule.setting.nodes > 1 {
            let mut shorter = self.schedule.clone();
            shorter.setting.nodes = 1;
            self.try_out(shorter);
        }
        self.length() < before
    }

    fn length(&self) -> usize {
        let Schedule {
            setting,
            steps,
            faults,
            ..
        } = &self.schedule;
        setting.nodes + steps.len() + faults.len()
    }

    /// Leaves out pieces of a list, from halves down to single ones.
    fn leave_out<T>(&mut self, list: impl Fn(&mut Schedule) -> &mut Vec<T>) {
        let mut size = list(&mut self.schedule).len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < list(&mut self.schedule).len() {
                let mut shorter = self.schedule.clone();
                let whole = list(&mut shorter);
                let end = (at + size).min(whole.len());
                whole.drain(at..end);
                if !self.try_out(shorter) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    /// Keeps a shorter schedule if it still breaks the rule.
    fn try_out(&mut self, shorter: Schedule) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let played = play(&shorter, self.equipment);
        let breaks = played
            .violations
            .iter()
            .any(|found| found.rule == self.rule);
        if breaks {
            self.schedule = shorter;
            self.played = played;
        }
        breaks
    }
}
