//! The gates besides the votes: verification, payee, agreement, funds; and the advance that goes before them.

use flare_contracts::{
    fields,
    grants::v1::{
        AuthoriseAdvanceRequest, CheckPayeeRequest, EnterPayeeRequest, Gate, GrantStage,
        OverrideVerificationRequest, RecordAgreementRequest, ReserveFundsRequest,
    },
    input,
    intake::v1::MessageKind,
    triage::v1::Reference,
    vote::payee_digest,
};
use flare_kernel::{Date, GrantId, Money};
use flare_seal::Compartment;

use super::{
    AllTheSame, CaseRecord, Desk, GrantRecord, GrantStanding, Said, Words,
    addresses::addresses_in,
    case_record::{next_version, written},
    references::most_telling,
    refusals::DeskRefusal,
    voting::{digest_text, is_digest},
};
use crate::{EdgeError, Team, call::call};

/// A payee as whoever is to check it is shown it.
#[derive(Clone)]
pub struct ShownPayee {
    /// To whom money goes and how, as it may be shown.
    pub payee: String,
    /// The id of who entered it.
    pub entered_by: String,
    digest: [u8; 32],
}

/// What somebody found out about a payee.
#[derive(Clone, Copy, Debug)]
pub struct PayeeCheck<'c> {
    /// The digest of the payee that they called back.
    pub shown: &'c str,
    /// They called back on a way known from elsewhere.
    pub called_back: bool,
    /// When they looked at the sanctions list.
    pub sanctions_checked_on: Date,
    /// The list was clear.
    pub sanctions_clear: bool,
}

impl ShownPayee {
    /// The digest of this very entry, as people compare it.
    pub fn digest(&self) -> String {
        digest_text(&self.digest)
    }

    /// Refuses to check another payee than the one that was called back: whoever was entered since was called by nobody.
    pub fn check_called_back(&self, shown: &str) -> Result<(), EdgeError> {
        if is_digest(shown, &self.digest) {
            return Ok(());
        }
        Err(EdgeError::Refused(DeskRefusal::PayeeChanged.into()))
    }
}

impl GrantRecord {
    /// The payee, to be called back and checked.
    pub fn shown_payee(&self) -> Result<ShownPayee, EdgeError> {
        let refusal = || EdgeError::Refused(DeskRefusal::NoPayee.into());
        let sealed = self.grant.payee.as_ref().ok_or_else(refusal)?;
        // Nobody calls back a payee that they cannot read.
        let payee = self.keys.open(&fields::PAYEE, sealed)?.expose().clone();
        let digest = payee_digest(sealed);
        Ok(ShownPayee { payee, entered_by: self.grant.payee_entered_by.clone(), digest })
    }

    fn agreeable(&self) -> Result<(), EdgeError> {
        let stages = [GrantStage::InApproval, GrantStage::Approved, GrantStage::Reporting];
        self.check_current("have its agreement recorded", &stages)?;
        if self.grant.gates.iter().any(|gate| gate.open && gate.gate() == Gate::Agreed) {
            return Err(EdgeError::Refused(DeskRefusal::AlreadyAgreed.into()));
        }
        Ok(())
    }
}

impl Desk {
    /// Refuses whoever cannot enter a payee: what tells one from a reference needs the triage team's key.
    pub fn check_enters_payees(&self) -> Result<(), EdgeError> {
        match self.session.team_secret(Team::Triage, 1) {
            Some(_) => Ok(()),
            None => Err(EdgeError::Refused(DeskRefusal::NotInTriage.into())),
        }
    }

    /// Enters whom money goes to; another person checks it.
    pub async fn enter_payee(
        &self,
        record: &mut GrantRecord,
        payee: &str,
    ) -> Result<GrantStanding, EdgeError> {
        self.check_enters_payees()?;
        let case = self.case(record.case, None).await?;
        let known = case.addresses_of_references();
        let fingerprint = self.session.contact_fingerprint(&most_telling(&addresses_in(payee), &known))?;
        let key = if record.keys.newest(Compartment::Payment) == 0 {
            let (key, epoch) = self.session.draw_epoch(record.case, Compartment::Payment, 1, None)?;
            record.keys.insert(Compartment::Payment, 1, key);
            Some(epoch)
        } else {
            None
        };
        record.make_writable(self, Compartment::Payment).await?;
        let next = next_version(record.grant.payee.as_ref());
        let request = EnterPayeeRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            payee: Some(record.keys.seal(&fields::PAYEE, next, payee.trim())?),
            key,
            fingerprint: fingerprint.to_vec(),
        };
        let answer = call!(self, grants.enter_payee(request));
        self.grant_changed(record.id, answer).await
    }

    /// Notes that the payee, as it was shown, was called back and is on no sanctions list.
    pub async fn check_payee(
        &self,
        record: &GrantRecord,
        check: PayeeCheck<'_>,
    ) -> Result<GrantStanding, EdgeError> {
        let payee = record.shown_payee()?;
        payee.check_called_back(check.shown)?;
        let request = CheckPayeeRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            called_back: check.called_back,
            sanctions_checked_on: check.sanctions_checked_on.to_string(),
            sanctions_clear: check.sanctions_clear,
            payee_digest: payee.digest.to_vec(),
        };
        let answer = call!(self, grants.check_payee(request));
        self.grant_changed(record.id, answer).await
    }

    /// Opens the gate "verified" without two references: a head's, with a reason.
    pub async fn override_verification(
        &self,
        grant: GrantId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = OverrideVerificationRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            reason: reason.to_owned(),
        };
        let answer = call!(self, grants.override_verification(request));
        self.grant_changed(grant, answer).await
    }

    /// Refuses what grants would refuse, before the requester reads an agreement that they can never answer.
    pub async fn check_agreeable(&self, record: &GrantRecord, case: &CaseRecord) -> Result<(), EdgeError> {
        let about = record.id.to_string();
        self.check_ahead(case, (MessageKind::Agreement, &about), record.agreeable()).await
    }

    /// Posts the agreement to the requester's thread; their answer opens the gate. Whoever calls this says that the text
    /// tells where the money comes from.
    pub async fn post_agreement(
        &self,
        record: &GrantRecord,
        case: &mut CaseRecord,
        text: &str,
        all_the_same: &AllTheSame,
    ) -> Result<(Said, GrantStanding), EdgeError> {
        self.check_agreeable(record, case).await?;
        let about = record.id.to_string();
        let words = Words { kind: MessageKind::Agreement, about: &about, text };
        let said = self.say_ahead(case, words, record.version(), all_the_same).await?;
        let request = RecordAgreementRequest {
            request_id: self.key.use_it(),
            grant_id: about,
            version: record.version(),
            message_id: said.message_id.clone(),
            agreed_by: String::new(),
            witness: String::new(),
            donor_origin_told: true,
        };
        let answer = call!(self, grants.record_agreement(request));
        Ok((said, self.grant_changed(record.id, answer).await?))
    }

    /// Notes that it was agreed to by voice; `witness` is the id of who of the staff heard it. Whoever calls this says that
    /// the requester was told where the money comes from.
    pub async fn record_agreement(
        &self,
        grant: GrantId,
        agreed_by: &str,
        witness: &str,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = RecordAgreementRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            message_id: String::new(),
            agreed_by: agreed_by.to_owned(),
            witness: witness.to_owned(),
            donor_origin_told: true,
        };
        let answer = call!(self, grants.record_agreement(request));
        self.grant_changed(grant, answer).await
    }

    /// Sets money of a fund aside for the grant.
    pub async fn reserve(
        &self,
        record: &GrantRecord,
        fund: &str,
        amount: Money,
    ) -> Result<GrantStanding, EdgeError> {
        let request = ReserveFundsRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            fund: fund.to_owned(),
            amount: Some(input::money_out(amount)),
        };
        let answer = call!(self, grants.reserve_funds(request));
        self.grant_changed(record.id, answer).await
    }

    /// Authorises a small first amount that goes before the gates; says whether this person is the second, with whom it
    /// may go.
    pub async fn advance(
        &self,
        record: &GrantRecord,
        amount: Money,
    ) -> Result<(bool, GrantStanding), EdgeError> {
        let amount = input::money_out(amount);
        let me = self.session.staff_id().to_string();
        let is_second = record.grant.advance.as_ref().is_some_and(|advance| {
            !advance.authorised_by.contains(&me) && advance.amount.as_ref() == Some(&amount)
        });
        let request = AuthoriseAdvanceRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            amount: Some(amount),
        };
        let answer = call!(self, grants.authorise_advance(request));
        Ok((is_second, self.grant_changed(record.id, answer).await?))
    }
}

impl CaseRecord {
    /// The ways to reach the case's references, as far as they open.
    fn addresses_of_references(&self) -> Vec<String> {
        let description = |reference: &Reference| {
            let id = reference.reference_id.parse().ok()?;
            written(&self.keys, &fields::reference(id), reference.description.as_ref()?)
        };
        let descriptions = self.case.references.iter().filter_map(description);
        descriptions.flat_map(|description| addresses_in(&description)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_not_called_back_is_not_checked() {
        let payee =
            ShownPayee { payee: "By hand".to_owned(), entered_by: "staff_1".to_owned(), digest: [0xab; 32] };
        let digest = payee.digest();
        for same in [digest.clone(), digest.to_uppercase(), format!("\u{2066}{digest}\u{2069}")] {
            assert!(payee.check_called_back(&same).is_ok(), "{same}");
        }
        for other in [String::new(), "ac".repeat(32)] {
            let error = payee.check_called_back(&other).unwrap_err();
            assert_eq!(error.reason().as_deref(), Some("PAYEE_CHANGED"), "{other}");
        }
    }
}
