//! Asking for a grant.

use flare_contracts::{
    Coded, Params, Refusal,
    events::v1::GrantRecommended,
    input::{lane_out, money_out, timestamp_out},
};
use flare_kernel::{Money, NeedId, Timestamp};

use super::{Case, Need, Needs, Outcome, needs::NeedRefusal};
use crate::TriagePolicy;

/// What an officer scores from 0 to 4: relevance to the context, potential for a result, fit with what we support,
/// quality and feasibility, added value.
pub(crate) type Scores = [u32; 5];

/// A grant that an officer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recommendation {
    pub(crate) needs: Vec<NeedId>,
    pub(crate) amount: Money,
    pub(crate) scores: Option<Scores>,
}

/// Why a grant cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecommendRefusal {
    #[error(transparent)]
    Need(#[from] NeedRefusal),
    #[error("are required above {0} and in any other currency")]
    ScoresNeeded(Money),
}

impl Coded for RecommendRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Need(refusal) => refusal.code(),
            Self::ScoresNeeded(_) => "SCORES_NEEDED",
        }
    }

    fn params(&self) -> Params {
        match self {
            Self::Need(refusal) => refusal.params(),
            Self::ScoresNeeded(above) => vec![("above", above.to_string())],
        }
    }
}

impl From<RecommendRefusal> for Refusal {
    fn from(refusal: RecommendRefusal) -> Self {
        match refusal {
            RecommendRefusal::Need(refusal) => refusal.into(),
            RecommendRefusal::ScoresNeeded(_) => Self::invalid("scores", refusal),
        }
    }
}

impl Recommendation {
    /// Whether the amount calls for scores: above the light threshold, or in a currency it says nothing about.
    fn needs_scores(&self, policy: &TriagePolicy) -> bool {
        !self.amount.is_within(policy.light_threshold)
    }
}

impl Case {
    /// Asks for a grant for open needs. The changed needs, and the event.
    pub(crate) fn recommend(
        &self,
        needs: &mut Needs,
        recommendation: &Recommendation,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Result<(Vec<Need>, GrantRecommended), RecommendRefusal> {
        self.require_at_work().map_err(NeedRefusal::from)?;
        if recommendation.scores.is_none() && recommendation.needs_scores(policy) {
            return Err(RecommendRefusal::ScoresNeeded(policy.light_threshold));
        }
        let mut changed = Vec::with_capacity(recommendation.needs.len());
        for id in &recommendation.needs {
            let need = needs.get_mut(*id)?;
            need.end(Outcome::Recommended)?;
            changed.push(need.clone());
        }
        let event = GrantRecommended {
            case_id: self.id.to_string(),
            need_ids: recommendation.needs.iter().map(ToString::to_string).collect(),
            lane: lane_out(self.lane).into(),
            amount: Some(money_out(recommendation.amount)),
            draft_by: Some(timestamp_out(now.plus(policy.draft))),
        };
        Ok((changed, event))
    }
}
