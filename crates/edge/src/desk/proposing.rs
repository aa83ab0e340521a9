//! The requester sees the proposal before the votes; then the votes are asked for.

use flare_contracts::{
    grants::v1::{GrantStage, ShowProposalRequest, SubmitGrantRequest},
    intake::v1::MessageKind,
    words::Worded as _,
};
use flare_kernel::GrantId;

use super::{AllTheSame, CaseRecord, Desk, GrantRecord, GrantStanding, Said, Words, refusals::DeskRefusal};
use crate::{EdgeError, Proposal, call::call};

impl Desk {
    /// Refuses what grants would refuse, before the requester reads a proposal that they can never answer.
    pub async fn check_proposable(&self, record: &GrantRecord, case: &CaseRecord) -> Result<(), EdgeError> {
        let about = record.id.to_string();
        self.check_ahead(case, (MessageKind::Proposal, &about), record.proposable()).await
    }

    /// Posts the proposal to the requester's thread in these words, and notes that it stands there. The officer answers for
    /// the words: they may leave out whatever a reader of the thread must not learn. [`GrantRecord::summary`] gives some.
    pub async fn propose(
        &self,
        record: &GrantRecord,
        case: &mut CaseRecord,
        text: &str,
        all_the_same: &AllTheSame,
    ) -> Result<(Said, GrantStanding), EdgeError> {
        self.check_proposable(record, case).await?;
        let about = record.id.to_string();
        let words = Words { kind: MessageKind::Proposal, about: &about, text };
        let said = self.say_ahead(case, words, record.version(), all_the_same).await?;
        let request = ShowProposalRequest {
            request_id: self.key.use_it(),
            grant_id: about,
            version: record.version(),
            message_id: said.message_id.clone(),
            told_by: String::new(),
        };
        let answer = call!(self, grants.show_proposal(request));
        Ok((said, self.grant_changed(record.id, answer).await?))
    }

    /// Notes that the requester was told the proposal in another way.
    pub async fn told(
        &self,
        grant: GrantId,
        told_by: &str,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = ShowProposalRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            message_id: String::new(),
            told_by: told_by.to_owned(),
        };
        let answer = call!(self, grants.show_proposal(request));
        self.grant_changed(grant, answer).await
    }

    /// Asks for the votes.
    pub async fn submit(&self, grant: GrantId, seen: Option<i64>) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request =
            SubmitGrantRequest { request_id: self.key.use_it(), grant_id: grant.to_string(), version };
        let answer = call!(self, grants.submit_grant(request));
        self.grant_changed(grant, answer).await
    }
}

impl GrantRecord {
    fn proposable(&self) -> Result<(), EdgeError> {
        self.check_current("be proposed", &[GrantStage::Draft, GrantStage::Returned])?;
        if self.grant.requester_objects {
            return Err(EdgeError::Refused(DeskRefusal::ProposalRefused.into()));
        }
        Ok(())
    }

    /// What a requester reads about the proposal when the officer writes no words of their own.
    pub fn summary(&self) -> Result<String, EdgeError> {
        Ok(summary(&self.values()?, self.proposal()?.scope.expose()))
    }
}

/// Whoever finds the requester's receipt reads it too, so it does not say for whom the help is or what is paid for.
fn summary(terms: &Proposal, scope: &str) -> String {
    format!(
        "This help is proposed for you. Nothing is decided yet.\n\n\
         Up to {}, {} ({}).\nFrom {} to {}; payments until {}.\n\n\
         What will be done:\n{scope}\n\n\
         For whom it is and what it is spent on is not written here, in case others read this: ask, and we tell you \
         on the way that you named.\n\n\
         Is this right? Please say yes, or say what is not.",
        terms.ceiling,
        terms.support_kind.word(),
        terms.payment_method.word().replace('-', " "),
        terms.start,
        terms.end,
        terms.pay_by,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::terms::tests::sample;

    #[test]
    fn a_summary_tells_the_help_and_neither_for_whom_it_is_nor_what_is_paid_for() {
        let (budget, beneficiary) = ("Rent of the flat".to_owned(), "Salma".to_owned());
        let told = summary(&Proposal { budget, beneficiary, ..sample() }, "A safe place for six weeks.");
        for part in [
            "Up to 9400.00 EUR, in-kind (supplier invoice).",
            "From 2026-12-01 to 2027-02-28; payments until 2027-03-10.",
            "What will be done:\nA safe place for six weeks.\n",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("Salma") && !told.contains("Rent"), "{told}");
    }
}
