//! From audiences to people.

use flare_access::Roles;
use flare_contracts::common::v1::Role;
use flare_kernel::{Lane, StaffId};

use super::{Audience, Facts, NoticePlan};

/// A member of staff who has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: StaffId,
    pub(crate) roles: Roles,
}

/// The people a plan reaches.
///
/// A notice never reaches nobody while somebody could act on it: an audience without anyone falls back to the heads, and
/// without heads to the administrators, who can make somebody one.
pub(crate) fn resolve(plan: &NoticePlan, lane: Lane, facts: &Facts, directory: &[Member]) -> Vec<StaffId> {
    let mut people = audience(&plan.audience, lane, facts, directory);
    for role in [Role::Head, Role::Admin] {
        if people.is_empty() {
            people = holders(directory, role);
        }
    }
    people.retain(|id| Some(*id) != plan.except);
    people
}

fn audience(audience: &Audience, lane: Lane, facts: &Facts, directory: &[Member]) -> Vec<StaffId> {
    match audience {
        Audience::Officers => holders(directory, Role::Officer),
        Audience::Heads => holders(directory, Role::Head),
        Audience::Finance => holders(directory, Role::Finance),
        Audience::Approvers { excluded } => {
            let mut people = holders(directory, Role::Approver);
            people.retain(|id| !excluded.contains(id));
            people
        }
        Audience::Owner => match facts.owner {
            Some(owner) if has_access(directory, owner) => vec![owner],
            Some(_) | None => unowned(lane, directory),
        },
        Audience::Staff(id) if has_access(directory, *id) => vec![*id],
        Audience::Staff(_) => self::audience(&Audience::Owner, lane, facts, directory),
    }
}

fn unowned(lane: Lane, directory: &[Member]) -> Vec<StaffId> {
    let mut people = holders(directory, Role::Officer);
    match lane {
        Lane::Critical => {
            let heads = holders(directory, Role::Head);
            people.extend(heads.into_iter().filter(|head| !holds(directory, *head, Role::Officer)));
        }
        Lane::Urgent | Lane::Standard => {}
    }
    people
}

fn holders(directory: &[Member], role: Role) -> Vec<StaffId> {
    directory.iter().filter(|member| member.roles.holds(role)).map(|member| member.id).collect()
}

fn holds(directory: &[Member], id: StaffId, role: Role) -> bool {
    directory.iter().any(|member| member.id == id && member.roles.holds(role))
}

fn has_access(directory: &[Member], id: StaffId) -> bool {
    directory.iter().any(|member| member.id == id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Ask;

    fn id(byte: u8) -> StaffId {
        StaffId::from_bytes([byte; 16])
    }

    fn member(byte: u8, roles: &[Role]) -> Member {
        Member { id: id(byte), roles: roles.iter().copied().collect() }
    }

    fn plan(audience: Audience) -> NoticePlan {
        NoticePlan { audience, ask: Ask::Answer, about: String::new(), due: None, except: None }
    }

    fn staff() -> Vec<Member> {
        vec![
            member(1, &[Role::Officer]),
            member(2, &[Role::Officer, Role::Head]),
            member(3, &[Role::Head]),
            member(4, &[Role::Approver]),
            member(5, &[Role::Approver, Role::Finance]),
            member(6, &[Role::Admin]),
            member(7, &[Role::Auditor]),
        ]
    }

    #[test]
    fn each_audience_is_who_it_says() {
        let owned = Facts { owner: Some(id(1)), ..Facts::default() };
        let left = Facts { owner: Some(id(9)), ..Facts::default() };
        let none = Facts::default();
        let (critical, urgent) = (Lane::Critical, Lane::Urgent);
        for (audience, lane, facts, expected) in [
            (Audience::Officers, urgent, &none, vec![1, 2]),
            (Audience::Heads, urgent, &none, vec![2, 3]),
            (Audience::Finance, urgent, &none, vec![5]),
            (Audience::Approvers { excluded: vec![] }, urgent, &none, vec![4, 5]),
            (Audience::Approvers { excluded: vec![id(4)] }, urgent, &none, vec![5]),
            (Audience::Approvers { excluded: vec![id(4), id(5)] }, urgent, &none, vec![2, 3]),
            (Audience::Owner, urgent, &owned, vec![1]),
            (Audience::Owner, critical, &owned, vec![1]),
            (Audience::Owner, urgent, &none, vec![1, 2]),
            (Audience::Owner, critical, &none, vec![1, 2, 3]),
            (Audience::Owner, critical, &left, vec![1, 2, 3]),
            (Audience::Staff(id(4)), urgent, &owned, vec![4]),
            (Audience::Staff(id(9)), urgent, &owned, vec![1]),
            (Audience::Staff(id(9)), urgent, &left, vec![1, 2]),
        ] {
            let people = resolve(&plan(audience.clone()), lane, facts, &staff());
            assert_eq!(
                people,
                expected.into_iter().map(id).collect::<Vec<_>>(),
                "{audience:?} {lane} {facts:?}"
            );
        }
    }

    #[test]
    fn whoever_did_it_is_left_out_and_then_nobody_else_is_bothered() {
        let facts = Facts { owner: Some(id(1)), ..Facts::default() };
        let own = NoticePlan { except: Some(id(1)), ..plan(Audience::Owner) };
        assert_eq!(resolve(&own, Lane::Critical, &facts, &staff()), []);
        let heads = NoticePlan { except: Some(id(2)), ..plan(Audience::Heads) };
        assert_eq!(resolve(&heads, Lane::Urgent, &facts, &staff()), [id(3)]);
    }

    #[test]
    fn an_audience_without_anyone_falls_back_to_heads_and_then_administrators() {
        let small = [member(3, &[Role::Head]), member(6, &[Role::Admin])];
        let facts = Facts::default();
        assert_eq!(resolve(&plan(Audience::Finance), Lane::Urgent, &facts, &small), [id(3)]);
        assert_eq!(resolve(&plan(Audience::Officers), Lane::Urgent, &facts, &small[1..]), [id(6)]);
        assert_eq!(resolve(&plan(Audience::Officers), Lane::Urgent, &facts, &[]), []);
    }

    proptest! {
        #[test]
        fn nobody_is_told_twice_or_without_access_and_never_nobody(
            roles in prop::collection::vec(1_i64..64, 1..8),
            owner in prop::option::of(0_u8..10),
            excluded in prop::collection::vec(0_u8..10, 0..4),
            which in 0_usize..6,
            lane in 0_usize..3,
        ) {
            let directory: Vec<_> = (0_u8..)
                .zip(roles)
                .map(|(byte, bits)| Member { id: id(byte), roles: Roles::from_bits(bits << 1).unwrap() })
                .collect();
            let facts = Facts { owner: owner.map(id), ..Facts::default() };
            let excluded: Vec<_> = excluded.into_iter().map(id).collect();
            let audience = [
                Audience::Officers,
                Audience::Heads,
                Audience::Finance,
                Audience::Approvers { excluded: excluded.clone() },
                Audience::Owner,
                Audience::Staff(id(3)),
            ][which].clone();
            let people = resolve(&plan(audience), Lane::ALL[lane], &facts, &directory);
            let mut distinct = people.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), people.len());
            prop_assert!(people.iter().all(|one| has_access(&directory, *one)));
            let leads = directory.iter().any(|one| one.roles.holds(Role::Head) || one.roles.holds(Role::Admin));
            prop_assert!(!leads || !people.is_empty());
        }
    }
}
