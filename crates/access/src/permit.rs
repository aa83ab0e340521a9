//! The rule of an RPC, held against its caller.

use flare_contracts::common::v1::{AccessRule, Role};

use crate::{Caller, Roles};

/// The rule lets this caller in. What it does not name is refused.
pub fn permits(rule: &AccessRule, caller: &Caller) -> bool {
    if rule.public {
        return true;
    }
    match caller {
        Caller::Anonymous => false,
        Caller::Receipt(_) => rule.receipt,
        Caller::Service(producer) => {
            rule.service || rule.services.iter().any(|name| name == producer.as_str())
        }
        Caller::Staff(staff) => rule.any_staff || staff.roles.any_of(roles(rule)),
    }
}

/// The roles a rule names. A number that this release does not know lets nobody in.
fn roles(rule: &AccessRule) -> Roles {
    rule.roles.iter().filter_map(|code| Role::try_from(*code).ok()).collect()
}

#[cfg(test)]
mod tests {
    use flare_contracts::Service;

    use super::*;
    use crate::fixtures;

    const ROLES: [Role; 6] =
        [Role::Officer, Role::Head, Role::Approver, Role::Finance, Role::Auditor, Role::Admin];

    fn callers() -> Vec<Caller> {
        let mut callers = vec![Caller::Anonymous, Caller::Receipt(fixtures::claim(1))];
        callers.extend(Service::ALL.map(Caller::Service));
        callers.extend(
            (0..64_i64)
                .map(|pattern| Caller::Staff(fixtures::staff(Roles::from_bits(pattern << 1).unwrap()))),
        );
        callers
    }

    #[test]
    fn each_kind_of_rule_lets_in_exactly_its_kind_of_caller() {
        for caller in callers() {
            let (receipt, service, staff) = match &caller {
                Caller::Anonymous => (false, false, None),
                Caller::Receipt(_) => (true, false, None),
                Caller::Service(_) => (false, true, None),
                Caller::Staff(staff) => (false, false, Some(staff.roles)),
            };
            assert!(!permits(&AccessRule::default(), &caller));
            assert!(permits(&AccessRule { public: true, ..AccessRule::default() }, &caller));
            assert_eq!(permits(&AccessRule { receipt: true, ..AccessRule::default() }, &caller), receipt);
            assert_eq!(permits(&AccessRule { service: true, ..AccessRule::default() }, &caller), service);
            assert_eq!(
                permits(&AccessRule { any_staff: true, ..AccessRule::default() }, &caller),
                staff.is_some()
            );
            for role in ROLES {
                let rule = AccessRule { roles: vec![role as i32], ..AccessRule::default() };
                assert_eq!(permits(&rule, &caller), staff.is_some_and(|roles| roles.holds(role)), "{role:?}");
            }
        }
    }

    #[test]
    fn a_rule_of_several_parts_lets_in_whom_one_of_its_parts_lets_in() {
        let callers = callers();
        for pattern in 0..(1_u32 << 10) {
            let on = |bit: u32| pattern & (1 << bit) != 0;
            let mut parts: Vec<AccessRule> = Vec::new();
            let mut whole = AccessRule {
                public: on(0),
                receipt: on(1),
                service: on(2),
                any_staff: on(3),
                ..AccessRule::default()
            };
            parts.push(AccessRule { public: on(0), ..AccessRule::default() });
            parts.push(AccessRule { receipt: on(1), ..AccessRule::default() });
            parts.push(AccessRule { service: on(2), ..AccessRule::default() });
            parts.push(AccessRule { any_staff: on(3), ..AccessRule::default() });
            for (bit, role) in (4..).zip(ROLES) {
                if on(bit) {
                    whole.roles.push(role as i32);
                    parts.push(AccessRule { roles: vec![role as i32], ..AccessRule::default() });
                }
            }
            for caller in &callers {
                assert_eq!(
                    permits(&whole, caller),
                    parts.iter().any(|part| permits(part, caller)),
                    "{whole:?}"
                );
            }
        }
    }

    #[test]
    fn a_rule_that_names_services_lets_in_those_and_nobody_else() {
        let only = |names: &[&str]| AccessRule {
            services: names.iter().map(ToString::to_string).collect(),
            ..AccessRule::default()
        };
        for caller in callers() {
            let is = |producer| matches!(caller, Caller::Service(calling) if calling == producer);
            assert_eq!(permits(&only(&["triage"]), &caller), is(Service::Triage));
            let two = only(&["triage", "notification"]);
            assert_eq!(permits(&two, &caller), is(Service::Triage) || is(Service::Notification));
            assert!(!permits(&only(&["", "Triage", "portal2"]), &caller));
        }
    }

    #[test]
    fn a_role_without_a_meaning_lets_nobody_in() {
        let rule = AccessRule { roles: vec![0, 7, -1, i32::MAX], ..AccessRule::default() };
        assert!(callers().iter().all(|caller| !permits(&rule, caller)));
    }
}
