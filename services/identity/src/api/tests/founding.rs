//! Founding the organisation.

use super::*;
use crate::fixtures::{empty, founding};

on_both_engines!(an_organisation_is_founded_once, crate::SCHEMA);
async fn an_organisation_is_founded_once(sandbox: Sandbox) {
    let (identity, ..) = empty(&sandbox);
    let api = IdentityApi::new(identity);
    assert_eq!(
        refusal(api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await),
        reason("NOT_FOUNDED")
    );
    let wrong = FoundOrganisationRequest { setup_code: "guessed".to_owned(), ..founding() };
    assert_eq!(refusal(api.found_organisation(Request::new(wrong)).await), reason("BAD_SETUP_CODE"));

    let request = founding();
    let first = api.found_organisation(Request::new(request.clone())).await.unwrap().into_inner();
    let again = api.found_organisation(Request::new(request.clone())).await.unwrap().into_inner();
    assert_eq!(first, again, "a repetition gets the first answer");
    let other = FoundOrganisationRequest { name: "Impostor".to_owned(), ..request.clone() };
    assert_eq!(refusal(api.found_organisation(Request::new(other.clone())).await).0, "REQUEST_ID_REUSED");
    let other = FoundOrganisationRequest { request_id: "found-2".to_owned(), ..other };
    assert_eq!(refusal(api.found_organisation(Request::new(other)).await), reason("ALREADY_FOUNDED"));

    let bundle = api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await.unwrap().into_inner();
    assert_eq!((bundle.organisation.as_str(), bundle.team_keys.len()), ("Beacon", 3));
    assert_eq!(
        (bundle.organisation_key, bundle.recovery_key, bundle.recovery_signature),
        (request.organisation_key, request.recovery_key, request.recovery_signature)
    );
    for new in request.team_keys {
        let key = new.key.unwrap();
        assert!(bundle.team_keys.contains(&key));
        let ask = GetTeamRecoveryRequest { team: key.team };
        let recovery = api.get_team_recovery(Request::new(ask)).await.unwrap().into_inner();
        assert_eq!((recovery.generation, recovery.wrapped_to_recovery), (1, new.wrapped_to_recovery));
    }
    let told = events_after(&sandbox.database, "organisation", 0, 10).await.unwrap();
    assert_eq!((told.len(), told[0].actor.as_deref()), (1, Some("system:setup")));
}

on_both_engines!(an_organisation_without_a_setup_code_is_not_founded, crate::SCHEMA);
async fn an_organisation_without_a_setup_code_is_not_founded(sandbox: Sandbox) {
    let (identity, ..) = empty(&sandbox);
    let identity = Arc::into_inner(identity).unwrap();
    let settings = crate::Settings { setup_code: None, ..identity.settings.clone() };
    let api = IdentityApi::new(Arc::new(Identity { settings, ..identity }));
    assert_eq!(refusal(api.found_organisation(Request::new(founding())).await), reason("BAD_SETUP_CODE"));
}

#[tokio::test]
async fn a_founding_that_breaks_a_rule_names_the_field() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let (identity, ..) = empty(&sandbox);
    let api = IdentityApi::new(identity);
    let cases: [Change<FoundOrganisationRequest>; 16] = [
        (|r| r.request_id.clear(), "request_id"),
        (|r| r.name = "x".repeat(81), "name"),
        (|r| r.organisation_key.truncate(31), "organisation_key"),
        (|r| r.recovery_key.truncate(100), "recovery_key"),
        (|r| r.recovery_signature.truncate(63), "recovery_signature"),
        (|r| r.recovery_signature[0] ^= 1, "recovery_signature"),
        (|r| r.recovery_key = r.team_keys[0].key.clone().unwrap().public_key, "recovery_signature"),
        (|r| r.team_keys.truncate(2), "team_keys"),
        (|r| r.team_keys[1] = r.team_keys[0].clone(), "team_keys[1].key.team"),
        (|r| r.team_keys[0].key.as_mut().unwrap().team = "press".to_owned(), "team_keys[0].key.team"),
        (|r| r.team_keys[0].key.as_mut().unwrap().generation = 2, "team_keys[0].key.generation"),
        (|r| r.team_keys[0].key.as_mut().unwrap().signature[0] ^= 1, "team_keys[0].key.signature"),
        (|r| r.team_keys[2].wrapped_to_recovery.truncate(32), "team_keys[2].wrapped_to_recovery"),
        (|r| r.administrator = None, "administrator"),
        (|r| r.administrator = Some(invitation("amina", &[Role::Officer])), "administrator.roles"),
        (|r| r.administrator.as_mut().unwrap().code_hash.clear(), "administrator.code_hash"),
    ];
    for (change, name) in cases {
        let mut request = founding();
        change(&mut request);
        assert_eq!(refusal(api.found_organisation(Request::new(request)).await), field(name));
    }
    // A key of one team shown as another's, signature and all.
    let mut swapped = founding();
    let public = swapped.team_keys[2].key.clone().unwrap().public_key;
    swapped.team_keys[0].key.as_mut().unwrap().public_key = public;
    let refused = refusal(api.found_organisation(Request::new(swapped)).await);
    assert_eq!(refused, field("team_keys[0].key.signature"));
    assert!(api.get_key_bundle(Request::new(GetKeyBundleRequest {})).await.is_err(), "nothing was stored");
}

#[tokio::test]
async fn the_verification_key_is_the_one_tokens_name() {
    let sandbox = Sandbox::sqlite(SCHEMA).await;
    let world = founded(&sandbox).await;
    let keys = world
        .api
        .get_verification_keys(Request::new(GetVerificationKeysRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(keys.keys.len(), 1);
    assert_eq!(keys.keys[0].public_key, world.identity.verification_keys()[0]);
    assert_eq!(keys.keys[0].key_id.len(), 16);
}
