//! The tables hold the rules that never bend even against code that forgot them.

use flare_store::Error;
use flare_testkit::{Sandbox, on_both_engines};

use crate::{
    domain::samples::{FINANCE, HEAD, eur},
    fixtures::{Raw, World, refusal},
};

async fn broken(world: &World, statement: &'static str, reason: &str) {
    let error = world.sandbox.database.write(Raw(statement)).await.expect_err(statement);
    assert_eq!(refusal(error).reason, reason, "{statement}");
}

on_both_engines!(votes_and_approvals, crate::SCHEMA);
async fn votes_and_approvals(sandbox: Sandbox) {
    let world = World::approved(sandbox).await;
    for (statement, reason) in [
        ("UPDATE votes SET voter = proposer", "BY_PROPOSER"),
        (
            "INSERT INTO votes SELECT grant_id, round, voter, proposer, 'DECISION_REJECT', voted_at, shown_digest, \
             signature, words FROM votes WHERE decision = 'DECISION_APPROVE'",
            "ALREADY_VOTED",
        ),
        ("UPDATE grants SET approvals = 1", "VOTES_MISSING"),
        ("UPDATE grants SET votes_required = 1", "INVALID_FIELD"),
        ("UPDATE grants SET voted = 0", "VOTES_MISSING"),
        ("UPDATE grants SET stage = 'active'", "NOT_THROUGH_GATES"),
        ("UPDATE grants SET funded = 1", "FUNDS_MISSING"),
        ("UPDATE grants SET committed = ceiling + 1", "BEYOND_CEILING"),
        ("UPDATE grants SET end_on = '2026-11-30'", "WRONG_DATES"),
        (
            "UPDATE grants SET verified = 'override', verified_by = proposer, verified_reason = 'other'",
            "BY_PROPOSER",
        ),
        ("UPDATE grants SET verified = 'override', verified_by = 'x'", "BY_PROPOSER"),
        ("UPDATE grants SET verified = 'override', verified_reason = 'other'", "BY_PROPOSER"),
        (
            "INSERT INTO grant_needs SELECT grant_id, 9, need_id FROM grant_needs WHERE position = 1",
            "INVALID_FIELD",
        ),
    ] {
        broken(&world, statement, reason).await;
    }
    // The proposer beside a vote cannot be another than the grant's, or the rule above would be worth nothing.
    let lie = "UPDATE votes SET proposer = 'staff_somebody'";
    assert!(world.sandbox.database.write(Raw(lie)).await.is_err());
}

/// A grant with a row of everything that people and money are in.
async fn with_people_and_money(sandbox: Sandbox) -> World {
    let world = World::approved(sandbox).await;
    world.references(1).await;
    world.enter_payee(FINANCE[0]).await.unwrap();
    world.agreement("", "phone", true).await.unwrap();
    world.advance(HEAD, eur(50_000)).await.unwrap();
    world.schedule(1, eur(100), false).await.unwrap();
    world
        .sandbox
        .database
        .write(Raw("INSERT INTO conflicts SELECT grant_id, 'somebody', 'other', 1 FROM grants"))
        .await
        .unwrap();
    world
        .sandbox
        .database
        .write(Raw("INSERT INTO closings SELECT grant_id, 'achieved', 0, 0, 'a', NULL FROM grants"))
        .await
        .unwrap();
    world
}

on_both_engines!(what_a_rule_asks_for_is_never_an_empty_text, crate::SCHEMA);
async fn what_a_rule_asks_for_is_never_an_empty_text(sandbox: Sandbox) {
    let world = with_people_and_money(sandbox).await;
    for statement in [
        "UPDATE case_references SET checked_by = ''",
        "UPDATE grants SET verified_by = ''",
        "UPDATE grants SET verified_reason = ''",
        "UPDATE payees SET checked_by = ''",
        "UPDATE agreements SET agreed_by = ''",
        "UPDATE agreements SET witness = ''",
        "UPDATE agreements SET agreed_by = NULL, witness = NULL, message_id = ''",
        "UPDATE advances SET second_by = ''",
        "UPDATE tranches SET released_by = ''",
        "UPDATE tranches SET write_off_by = ''",
        "UPDATE tranches SET write_off_reason = ''",
        "UPDATE tranches SET lost_by = ''",
        "UPDATE tranches SET returned_by = ''",
        "UPDATE closings SET confirmed_by = ''",
    ] {
        let outcome = world.sandbox.database.write(Raw(statement)).await;
        assert!(matches!(outcome, Err(Error::Database(_))), "{statement}: {outcome:?}");
    }
}

on_both_engines!(people_and_money, crate::SCHEMA);
async fn people_and_money(sandbox: Sandbox) {
    let world = with_people_and_money(sandbox).await;
    for (statement, reason) in [
        ("UPDATE payees SET checked_by = entered_by", "ENTERED_BY_SAME_PERSON"),
        ("UPDATE payees SET checked_by = 'x', is_reference = 1", "PAYEE_IS_REFERENCE"),
        ("UPDATE agreements SET message_id = 'x'", "INVALID_FIELD"),
        ("UPDATE agreements SET witness = recorded_by", "INVALID_FIELD"),
        ("UPDATE agreements SET witness = proposer", "INVALID_FIELD"),
        ("UPDATE agreements SET witness = NULL", "INVALID_FIELD"),
        ("UPDATE agreements SET agreed_by = NULL, witness = NULL", "INVALID_FIELD"),
        ("UPDATE advances SET second_by = first_by", "ADVANCE_BY_SAME_PERSON"),
        ("UPDATE advances SET second_by = proposer", "BY_PROPOSER"),
        ("UPDATE advances SET first_by = proposer", "BY_PROPOSER"),
        ("UPDATE advances SET used = 1", "BEYOND_ADVANCE"),
        ("UPDATE advances SET second_by = 'x', used = amount + 1", "BEYOND_ADVANCE"),
        ("UPDATE tranches SET state = 'returned', released_by = 'x', sent_at = 1", "RELEASED_BY_SAME_PERSON"),
        (
            "UPDATE tranches SET state = 'returned', released_by = 'x', sent_at = 1, returned_by = 'x'",
            "RELEASED_BY_SAME_PERSON",
        ),
        ("UPDATE tranches SET returned_by = proposer", "RELEASED_BY_SAME_PERSON"),
        ("UPDATE tranches SET released_by = proposer", "BY_PROPOSER"),
        ("UPDATE tranches SET state = 'sent'", "NOT_RELEASED"),
        ("UPDATE tranches SET arrived = 101, state = 'arrived', released_by = 'x'", "MORE_THAN_SENT"),
        ("UPDATE tranches SET state = 'arrived', released_by = 'x'", "MORE_THAN_SENT"),
        ("UPDATE tranches SET arrived = 0, state = 'arrived', released_by = 'x'", "MORE_THAN_SENT"),
        ("UPDATE tranches SET state = 'lost', released_by = 'x', lost_by = 'a'", "WRITE_OFF_BY_SAME_PERSON"),
        (
            "UPDATE tranches SET state = 'lost', released_by = 'x', write_off_by = 'a', lost_by = 'a'",
            "WRITE_OFF_BY_SAME_PERSON",
        ),
        (
            "INSERT INTO tranches SELECT tranche_id, grant_id, proposer, 2, currency, amount, due, advance, state, \
             released_by, sent_at, arrival_next, arrived, write_off_by, write_off_reason, lost_by, returned_by \
             FROM tranches",
            "TRANCHE_ID_REUSED",
        ),
        ("INSERT INTO conflicts SELECT grant_id, approver, 'other', 2 FROM conflicts", "CONFLICT_KNOWN"),
        ("UPDATE closings SET confirmed_by = proposed_by", "CLOSE_BY_SAME_PERSON"),
    ] {
        broken(&world, statement, reason).await;
    }
}

#[test]
fn every_named_rule_of_the_tables_has_its_refusal() {
    let text = crate::SCHEMA.migrations[0].sql;
    let named: Vec<&str> =
        text.split("CONSTRAINT ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    // The two that only other rules rest on, a foreign key's target and the order of payments, and those that
    // `flare_store::keys` keeps.
    let internal =
        |name: &str| ["grants_proposer", "tranches_number"].contains(&name) || name.starts_with("key_");
    for name in &named {
        let known = crate::SCHEMA.refusals.iter().any(|rule| rule.name == *name);
        assert_ne!(known, internal(name), "{name}");
    }
    for rule in crate::SCHEMA.refusals {
        assert!(named.contains(&rule.name), "{}", rule.name);
    }
}
