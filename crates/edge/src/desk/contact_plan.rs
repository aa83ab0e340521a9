//! A case's contact plan. Whoever takes something back that was ruled out says so by name.

use std::collections::BTreeSet;

use flare_contracts::{Refusal, fields, text_limits, triage::v1::SetContactPlanRequest};

use super::{
    CaseRecord, CaseStanding, Desk,
    case_record::{next_version, not_acknowledged},
    refusals::DeskRefusal,
};
use crate::{ContactPlan, EdgeError, Lifted, call::call};

/// What whoever sets a plan has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The lines that name what may be taken back.
    pub lines: BTreeSet<String>,
    /// Whether a plan that does not open here may be replaced, though nobody can say what it rules out.
    pub replaces_closed: bool,
}

impl Agreed {
    /// Whether each line of what is taken back is named.
    pub fn names(&self, lifted: &Lifted) -> bool {
        let (Lifted::NeverSay(words) | Lifted::NeverDo(words)) = lifted;
        words.trim().lines().all(|line| self.lines.contains(line.trim()))
    }
}

impl Desk {
    /// The plan in whose place a new one is set. Refused when the case has changed since the version that whoever sets it
    /// saw: a plan that was made of an older one would bring back how, when and by whom somebody could be reached then. One
    /// that does not open here counts as one that rules nothing out, if it may be replaced.
    pub async fn plan_to_replace(
        &self,
        record: &CaseRecord,
        replaces_closed: bool,
    ) -> Result<ContactPlan, EdgeError> {
        // Whoever repeats the act names the version before it.
        let is_older = record.version() != record.case.version && !self.key.may_be_a_repetition();
        if is_older && let Some(changed) = self.case_now(record.id).await {
            return Err(changed);
        }
        match record.contact_plan() {
            Ok(before) => before.ok_or_else(not_acknowledged),
            Err(EdgeError::Closed { .. } | EdgeError::Sealed(_)) if replaces_closed => {
                Ok(ContactPlan::default())
            }
            Err(EdgeError::Closed { .. } | EdgeError::Sealed(_)) => {
                Err(EdgeError::Refused(DeskRefusal::PlanClosed.into()))
            }
            // Unless whoever sets it says so, one that somebody changed or moved is told as such.
            Err(_) if replaces_closed => Ok(ContactPlan::default()),
            Err(altered) => Err(altered),
        }
    }

    /// Sets a new contact plan. Refused, with nothing changed, as [`Self::plan_to_replace`] is, and when it takes back what
    /// the one before rules out and nobody named it ([`EdgeError::Lifts`]).
    pub async fn set_contact_plan(
        &self,
        record: &mut CaseRecord,
        plan: &ContactPlan,
        agreed: &Agreed,
    ) -> Result<CaseStanding, EdgeError> {
        let before = self.plan_to_replace(record, agreed.replaces_closed).await?;
        let mut lifted = before.lifted_by(plan);
        lifted.retain(|one| !agreed.names(one));
        if !lifted.is_empty() {
            return Err(EdgeError::Lifts(lifted));
        }
        record.make_notes_writable(self).await?;
        let request = SetContactPlanRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            contact_plan: Some(record.seal_note(
                &fields::CONTACT_PLAN,
                next_version(record.case.contact_plan.as_ref()),
                &plan_text(plan)?,
            )?),
        };
        let answer = call!(self, triage.set_contact_plan(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }
}

/// A plan as it is sealed.
pub(super) fn plan_text(plan: &ContactPlan) -> Result<String, EdgeError> {
    let text = plan.to_text()?;
    flare_typed::text::at_most(text_limits::CONTACT_PLAN, &text)
        .map_err(|rule| Refusal::invalid("contact_plan", rule))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_is_named_line_by_line() {
        let agreed = |lines: &[&str]| Agreed {
            lines: lines.iter().map(ToString::to_string).collect(),
            replaces_closed: false,
        };
        let lifted = Lifted::NeverDo(" Do not phone.\n Do not visit. ".to_owned());
        for (lines, named) in [
            (&[][..], false),
            (&["Do not phone."], false),
            (&["Do not phone.", "Do not visit."], true),
            (&["do not phone.", "Do not visit."], false),
        ] {
            assert_eq!(agreed(lines).names(&lifted), named, "{lines:?}");
        }
        assert!(agreed(&["radio"]).names(&Lifted::NeverSay("radio ".to_owned())));
    }

    #[test]
    fn a_plan_that_is_longer_than_its_field_is_refused_before_it_is_sealed() {
        let how = "x".repeat(text_limits::CONTACT_PLAN);
        let refused = plan_text(&ContactPlan { how, ..ContactPlan::default() }).unwrap_err();
        assert!(
            matches!(refused, EdgeError::Refused(refusal) if refusal.violations[0].field == "contact_plan")
        );
    }
}
