//! The section `[policy]`: how long orders live, and what becomes of money that is not as expected.

use payfold_domain::policy::{LatePolicy, Policy, ReturnPolicy};

use super::section::Section;

/// An order's life where neither it nor the configuration names one, in seconds.
const TWO_HOURS: i64 = 2 * 60 * 60;

/// What the section settles.
pub(crate) struct PolicySection {
    pub(crate) expires_after_secs: i64,
    pub(crate) policy: Policy,
}

/// Reads the section; what it does not name waits for a person.
pub(crate) fn policy(root: &Section<'_>) -> Option<PolicySection> {
    let Some(section) = root.section("policy") else {
        return Some(PolicySection {
            expires_after_secs: TWO_HOURS,
            policy: Policy::HOLD,
        });
    };
    let expires_after_secs = section
        .read(
            "expires_after",
            "a time from 1m to 7d, such as \"2h\"",
            |text| seconds(text).filter(|secs| (60..=7 * 86_400).contains(secs)),
        )
        .unwrap_or(TWO_HOURS);
    let (late_expired, late_cancelled) = late(&section);
    let policy = Policy {
        late_expired,
        late_cancelled,
        double: back(&section, "double"),
        mismatch: back(&section, "mismatch"),
    };
    section.finish();
    Some(PolicySection {
        expires_after_secs,
        policy,
    })
}

fn late(section: &Section<'_>) -> (LatePolicy, LatePolicy) {
    if !section.is_table("late") {
        let both = late_policy(section, "late");
        return (both, both);
    }
    let Some(apart) = section.section("late") else {
        return (LatePolicy::Hold, LatePolicy::Hold);
    };
    let policies = (
        late_policy(&apart, "expired"),
        late_policy(&apart, "cancelled"),
    );
    apart.finish();
    policies
}

fn late_policy(section: &Section<'_>, key: &str) -> LatePolicy {
    section
        .read(
            key,
            "\"accept\", \"hold\" or \"refund\"",
            |text| match text {
                "accept" => Some(LatePolicy::Accept),
                "hold" => Some(LatePolicy::Hold),
                "refund" => Some(LatePolicy::Refund),
                _ => None,
            },
        )
        .unwrap_or(LatePolicy::Hold)
}

fn back(section: &Section<'_>, key: &str) -> ReturnPolicy {
    section
        .read(key, "\"hold\" or \"refund\"", |text| match text {
            "hold" => Some(ReturnPolicy::Hold),
            "refund" => Some(ReturnPolicy::Refund),
            _ => None,
        })
        .unwrap_or(ReturnPolicy::Hold)
}

/// Seconds of a time such as `90s`, `30m`, `2h` or `1d`.
fn seconds(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let (number, _) = text.split_at(text.len() - 1);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_whole_numbers_with_a_unit() {
        assert_eq!(seconds("2h"), Some(7_200));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1d"), Some(86_400));
        for wrong in [
            "",
            "h",
            "2",
            "2w",
            "-2h",
            "+2h",
            "1.5h",
            "２h",
            "99999999999999999999d",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
