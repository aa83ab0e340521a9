//! How a need ends: given directly, recommended for a grant, covered, referred or declined.

use flare_contracts::{
    Cause, Refusal,
    common::v1::SealedField,
    fields, input,
    intake::v1::MessageKind,
    triage::v1::{
        AnswerReferralRequest, CoverNeedRequest, DeclineNeedRequest, GiveDirectlyRequest, Outcome,
        RecommendGrantRequest, ReferNeedRequest, Scores,
    },
    words::Worded as _,
};
use flare_kernel::{CaseId, Money, NeedId, ReferralId};

use super::{
    AllTheSame, CaseRecord, CaseStanding, Desk, Said, Words,
    case_record::next_version,
    refusals::{DeskRefusal, DeskRule},
};
use crate::{EdgeError, call::call};

/// How often a case that moves on by itself is looked at again.
const LOOKS: u32 = 5;

/// What a grant is asked for.
#[derive(Clone, Copy)]
pub struct NewRecommendation<'w> {
    /// The needs that it shall answer.
    pub needs: &'w [NeedId],
    /// The most it may cost.
    pub amount: Money,
    /// The scores that a larger amount needs.
    pub scores: Option<Scores>,
    /// Why.
    pub words: &'w str,
}

/// How a need is declined.
#[derive(Clone, Copy)]
pub struct Decline<'w> {
    /// Which need.
    pub need: NeedId,
    /// Why, one of `codes::WHY_DECLINED`.
    pub reason: &'w str,
    /// What the requester reads.
    pub words: &'w str,
    /// A note for staff only.
    pub note: Option<&'w str>,
}

impl CaseRecord {
    /// The version of the next words on a need's end.
    fn next_words_of(&self, need: NeedId) -> u32 {
        let id = need.to_string();
        let known = self.case.needs.iter().find(|known| known.need_id == id);
        next_version(known.and_then(|need| need.words.as_ref()))
    }

    fn check_open(&self, need: NeedId) -> Result<(), Refusal> {
        let id = need.to_string();
        let known = self.case.needs.iter().find(|known| known.need_id == id);
        let outcome = known.ok_or_else(|| Refusal::not_found("need"))?.outcome();
        if outcome == Outcome::Open {
            return Ok(());
        }
        Err(DeskRefusal::NeedHasEnded { outcome: outcome.word().to_owned() }.into())
    }
}

impl Desk {
    /// Ends a need with advice, a letter, an introduction or advocacy; the words say what was given.
    pub async fn give(
        &self,
        record: &mut CaseRecord,
        need: NeedId,
        words: &str,
    ) -> Result<CaseStanding, EdgeError> {
        let words = Some(self.seal_end(record, need, words).await?);
        let (request_id, case_id) = (self.key.use_it(), record.id.to_string());
        let (version, need_id) = (record.version(), need.to_string());
        let request = GiveDirectlyRequest { request_id, case_id, version, need_id, words };
        let answer = call!(self, triage.give_directly(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }

    /// Ends a need that another organisation already covers; the words say who.
    pub async fn cover(
        &self,
        record: &mut CaseRecord,
        need: NeedId,
        words: &str,
    ) -> Result<CaseStanding, EdgeError> {
        let words = Some(self.seal_end(record, need, words).await?);
        let (request_id, case_id) = (self.key.use_it(), record.id.to_string());
        let (version, need_id) = (record.version(), need.to_string());
        let request = CoverNeedRequest { request_id, case_id, version, need_id, words };
        let answer = call!(self, triage.cover_need(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }

    async fn seal_end(
        &self,
        record: &mut CaseRecord,
        need: NeedId,
        words: &str,
    ) -> Result<SealedField, EdgeError> {
        record.make_notes_writable(self).await?;
        record.seal_note(&fields::need(need), record.next_words_of(need), words)
    }

    /// Asks for a grant for one or more needs.
    pub async fn recommend(
        &self,
        record: &mut CaseRecord,
        recommendation: &NewRecommendation<'_>,
    ) -> Result<CaseStanding, EdgeError> {
        let no_need = || Refusal::invalid("need_ids", DeskRule::NoNeed);
        let first = recommendation.needs.first().ok_or_else(no_need)?;
        record.make_notes_writable(self).await?;
        let field = fields::recommendation(*first);
        let earlier = record.case.recommendations.iter().filter_map(|earlier| earlier.words.as_ref());
        let newest = earlier.filter(|words| words.name == field.name).max_by_key(|words| words.version);
        let request = RecommendGrantRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            need_ids: recommendation.needs.iter().map(ToString::to_string).collect(),
            words: Some(record.seal_note(&field, next_version(newest), recommendation.words)?),
            amount: Some(input::money_out(recommendation.amount)),
            scores: recommendation.scores,
        };
        let answer = call!(self, triage.recommend_grant(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }

    /// Hands a need to another organisation, with the requester's consent: whoever calls this has it. The description says
    /// to whom, and what they were told.
    pub async fn refer(
        &self,
        record: &mut CaseRecord,
        need: NeedId,
        description: &str,
    ) -> Result<(ReferralId, CaseStanding), EdgeError> {
        record.make_notes_writable(self).await?;
        let referral: ReferralId = self.drawn(&need.to_string());
        let request = ReferNeedRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            need_id: need.to_string(),
            referral_id: referral.to_string(),
            description: Some(record.seal_note(&fields::referral(referral), 1, description)?),
            consented: true,
        };
        let answer = call!(self, triage.refer_need(request));
        Ok((referral, self.case_changed(record.id, answer).await?.into()))
    }

    /// Notes what the other organisation answered.
    pub async fn answer_referral(
        &self,
        case: CaseId,
        referral: ReferralId,
        accepted: bool,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        let version = self.case_version(case, seen).await?;
        let request = AnswerReferralRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            version,
            referral_id: referral.to_string(),
            accepted,
        };
        let answer = call!(self, triage.answer_referral(request));
        Ok(self.case_changed(case, answer).await?.into())
    }

    /// Refuses what triage would refuse, before the requester reads of a decline that is not made.
    pub async fn check_declinable(&self, record: &CaseRecord, need: NeedId) -> Result<(), EdgeError> {
        let check = if record.version() == record.case.version {
            record.check_open(need).map_err(EdgeError::from)
        } else {
            let (expected, found) = (record.version(), record.case.version);
            let stale = Refusal::from(Cause::StaleVersion { expected, found }).into();
            self.case_changed(record.id, Err(stale)).await
        };
        self.check_ahead(record, (MessageKind::Decision, &need.to_string()), check).await
    }

    /// Tells the requester first, then declines: a need is never declined without words that its requester can read.
    pub async fn decline(
        &self,
        record: &mut CaseRecord,
        decline: &Decline<'_>,
        all_the_same: &AllTheSame,
    ) -> Result<(Said, CaseStanding), EdgeError> {
        self.check_declinable(record, decline.need).await?;
        record.make_notes_writable(self).await?;
        let field = fields::need(decline.need);
        let version = record.next_words_of(decline.need);
        let note = decline.note.map(|note| record.seal_note(&field, version, note)).transpose()?;
        let need_id = decline.need.to_string();
        let words = Words { kind: MessageKind::Decision, about: &need_id, text: decline.words };
        let said = self.say(record, words, all_the_same).await?;
        let mut request = DeclineNeedRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            need_id,
            reason: decline.reason.to_owned(),
            message_id: said.message_id.clone(),
            words: note,
        };
        // Triage is told of the message just posted, and that alone moves the case on: look again, and go on while the need
        // is as open as it was.
        let mut answer = call!(self, triage.decline_need(request.clone()));
        for _ in 1..LOOKS {
            if !answer.as_ref().is_err_and(EdgeError::is_stale) {
                break;
            }
            let now = self.case(record.id, None).await?;
            now.check_open(decline.need)?;
            request.version = now.version();
            answer = call!(self, triage.decline_need(request.clone()));
        }
        Ok((said, self.case_changed(record.id, answer).await?.into()))
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        intake::v1::GetRequestResponse,
        triage::v1::{GetCaseResponse, Need},
    };

    use super::*;
    use crate::CaseKeys;

    const CASE: CaseId = CaseId::from_bytes([1; 16]);
    const NEED: NeedId = NeedId::from_bytes([2; 16]);
    const OTHER: NeedId = NeedId::from_bytes([3; 16]);

    /// A case with a need, and with words on its end that were written so often.
    fn record(outcome: Outcome, written: Option<u32>) -> CaseRecord {
        let words = written.map(|version| SealedField { version, ..SealedField::default() });
        let need = Need { need_id: NEED.to_string(), outcome: outcome.into(), words, ..Need::default() };
        let case = GetCaseResponse { needs: vec![need], ..GetCaseResponse::default() };
        let request = GetRequestResponse::default();
        CaseRecord { id: CASE, case, request, keys: CaseKeys::new(CASE), seen: None }
    }

    #[test]
    fn only_an_open_need_of_the_case_can_be_declined() {
        for (word, outcome) in Outcome::WORDS {
            let record = record(*outcome, None);
            match record.check_open(NEED) {
                Ok(()) => assert_eq!(*outcome, Outcome::Open),
                Err(refused) => {
                    assert_ne!(*outcome, Outcome::Open);
                    assert_eq!(refused.reason, "NEED_HAS_ENDED");
                    assert!(refused.message.contains(word), "{}", refused.message);
                }
            }
            assert_eq!(record.check_open(OTHER).unwrap_err().reason, "NOT_FOUND");
        }
    }

    #[test]
    fn words_on_a_needs_end_follow_those_before() {
        for (written, need, next) in
            [(None, NEED, 1), (Some(1), NEED, 2), (Some(4), NEED, 5), (Some(4), OTHER, 1)]
        {
            assert_eq!(record(Outcome::Open, written).next_words_of(need), next, "{written:?}");
        }
    }
}
