//! The tables, and what breaking each of their rules means to a caller.

use flare_contracts::{InputRule, Refusal};
use flare_store::{ConstraintRefusal, Migration, Schema};

use crate::refusals::TriageRefusal;

/// The tables of triage.
pub const SCHEMA: Schema = Schema {
    name: "triage",
    migrations: &[Migration {
        version: 1000,
        name: "triage",
        sql: include_str!("../migrations/1000_triage.sql"),
    }],
    refusals: REFUSALS,
};

const REFUSALS: &[ConstraintRefusal] = &[
    taken("persons_once", "persons.case_id, persons.person_id", || id_taken("person")),
    taken("needs_once", "needs.case_id, needs.need_id", || id_taken("need")),
    taken("notes_once", "notes.case_id, notes.note_id", || id_taken("note")),
    taken("contacts_once", "contacts.case_id, contacts.contact_id", || id_taken("contact")),
    taken("referrals_once", "referrals.case_id, referrals.referral_id", || id_taken("referral")),
    taken("case_references_once", "case_references.case_id, case_references.reference_id", || {
        id_taken("reference")
    }),
    taken("case_references_fingerprint", "case_references.case_id, case_references.fingerprint", || {
        TriageRefusal::ReferenceNamed.into()
    }),
    taken("stops_two_people", "", || TriageRefusal::SecondPersonNeeded.into()),
];

const fn taken(name: &'static str, columns: &'static str, refusal: fn() -> Refusal) -> ConstraintRefusal {
    ConstraintRefusal { name, columns, refusal }
}

fn id_taken(what: &'static str) -> Refusal {
    let refusal = Refusal::from(TriageRefusal::IdTaken { what: what.to_owned() });
    refusal.field(format!("{what}_id"), InputRule::NotNew)
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::CaseId;
    use flare_store::{Error, Tx, Write, sql};
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    struct Break(&'static str, CaseId);

    impl Write for Break {
        type Output = ();

        async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
            tx.execute(sql(self.0).bind(self.1.to_string())).await.map(drop)
        }
    }

    /// A statement that breaks each constraint of the table above, on a case that has one of everything.
    const BROKEN: &[(&str, &str)] = &[
        ("persons_once", "INSERT INTO persons SELECT * FROM persons WHERE case_id = $1"),
        ("needs_once", "INSERT INTO needs SELECT * FROM needs WHERE case_id = $1"),
        ("notes_once", "INSERT INTO notes SELECT * FROM notes WHERE case_id = $1"),
        ("contacts_once", "INSERT INTO contacts SELECT * FROM contacts WHERE case_id = $1"),
        ("referrals_once", "INSERT INTO referrals SELECT * FROM referrals WHERE case_id = $1"),
        (
            "case_references_once",
            "INSERT INTO case_references (case_id, reference_id, number, fingerprint, independent) \
             SELECT case_id, reference_id, 2, tag, 0 FROM case_references JOIN sealed_fields USING (case_id) \
             WHERE case_id = $1 LIMIT 1",
        ),
        (
            "case_references_fingerprint",
            "INSERT INTO case_references (case_id, reference_id, number, fingerprint, independent) \
             SELECT case_id, 'other', 2, fingerprint, 0 FROM case_references WHERE case_id = $1",
        ),
        ("stops_two_people", "UPDATE stops SET ended_by = begun_by, ended = begun WHERE case_id = $1"),
    ];

    on_both_engines!(each_rule_that_a_caller_can_break_has_its_refusal, crate::SCHEMA);
    async fn each_rule_that_a_caller_can_break_has_its_refusal(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.person(case, 1).await;
        world.reference(case, 1).await;
        world.referral(case, 1).await;
        let now = "INSERT INTO notes (case_id, note_id, author, at) VALUES ($1, 'note', 'staff', 1)";
        world.triage.database().write(Break(now, case)).await.unwrap();
        let contact = "INSERT INTO contacts (case_id, contact_id, author, at, channel, inbound, reached) \
                       VALUES ($1, 'contact', 'staff', 1, 'phone', 0, 0)";
        world.triage.database().write(Break(contact, case)).await.unwrap();
        world.pause(case, 1).await;
        for (name, statement) in BROKEN {
            let known = REFUSALS.iter().find(|known| known.name == *name).unwrap();
            let refused = refusal(world.triage.database().write(Break(statement, case)).await);
            assert_eq!(refused, (known.refusal)(), "{name}");
        }
        assert_eq!(BROKEN.len(), REFUSALS.len());
    }

    on_both_engines!(what_must_never_be_cannot_be_stored, crate::SCHEMA);
    async fn what_must_never_be_cannot_be_stored(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.assessing(1, Lane::Urgent).await;
        world.need(case, 1).await;
        let never = [
            "UPDATE cases SET owner = NULL WHERE case_id = $1",
            "UPDATE cases SET in_queue = 0 WHERE case_id = $1",
            "UPDATE cases SET has_news = 1, waits_for = 'votes' WHERE case_id = $1",
            "UPDATE cases SET waits_for = 'nobody' WHERE case_id = $1",
            "UPDATE cases SET codename = NULL WHERE case_id = $1",
            "UPDATE cases SET exit = 'helped' WHERE case_id = $1",
            "UPDATE cases SET ended = 'closed', clock_since = NULL WHERE case_id = $1",
            "UPDATE cases SET step_left = 1 WHERE case_id = $1",
            "UPDATE cases SET money_stop = 'asked' WHERE case_id = $1",
            "UPDATE cases SET money_kind = 'hold', money_version = 1, money_stop = 'asked', money_due = NULL \
             WHERE case_id = $1",
            "UPDATE needs SET outcome = 'declined' WHERE case_id = $1",
            "UPDATE needs SET outcome = 'forgotten' WHERE case_id = $1",
            "UPDATE needs SET declined_by = 'one', reviewed_by = 'one' WHERE case_id = $1",
            "UPDATE sealed_fields SET epoch = 7 WHERE case_id = $1",
        ];
        for statement in never {
            let outcome = world.triage.database().write(Break(statement, case)).await;
            assert!(matches!(outcome, Err(Error::Database(_))), "{statement}: {outcome:?}");
        }
        let held = world.assessing(2, Lane::Urgent).await;
        let another_name = "UPDATE cases SET codename = (SELECT codename FROM cases WHERE case_id <> $1)";
        let outcome = world.triage.database().write(Break(another_name, held)).await;
        assert!(matches!(outcome, Err(Error::Database(_))), "{outcome:?}");
        world.hold(held, 3).await;
        let by_an_officer = "UPDATE stops SET ended_by = 'another', ended = begun WHERE case_id = $1";
        let outcome = world.triage.database().write(Break(by_an_officer, held)).await;
        assert!(matches!(outcome, Err(Error::Database(_))), "{outcome:?}");
    }
}
