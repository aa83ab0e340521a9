//! Answers are added or replaced, and danger is told of.

use flare_contracts::{
    InputRule, Refusal, StepCode,
    common::v1::SealedField,
    danger::lane_in_danger,
    events::v1::{AnswersAdded, IntakeEvent},
    intake::v1::{AddAnswersRequest, AddAnswersResponse, Danger},
};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use flare_store::{
    Command, Error, Tx, Write,
    keys::{self, SealedEpoch},
};

use crate::{
    Intake,
    admission::Admitted,
    author::Author,
    domain::{answers, listing::known},
    store,
};

/// How many keys of the request its holder, or whoever has found the code, can use up; the rest are for staff.
const HOLDERS_EPOCHS: u32 = 150;

/// Adds answers to a request, or replaces some.
pub(crate) struct AddAnswers {
    case: CaseId,
    author: Author,
    answers: Vec<SealedField>,
    epoch: Option<SealedEpoch>,
    danger: Danger,
}

impl Command for AddAnswers {
    type Service = Intake;
    type By = Admitted;
    type Request = AddAnswersRequest;

    /// A requester cannot open the key of earlier answers, so their call always brings a new one.
    fn parse(intake: &Intake, by: &Admitted, request: AddAnswersRequest) -> Result<Self, Error> {
        let danger = known("danger", request.danger)?;
        answers::check_further(&request.answers, danger)?;
        if by.author.is_requester() && request.key.is_none() && !request.answers.is_empty() {
            return Err(Refusal::invalid("key", InputRule::RequiredOfHolder).into());
        }
        let held = &[Compartment::Request];
        let seal = |key| SealedEpoch::seal("key", Some(key), by.case, held, &intake.service_key);
        let epoch = request.key.map(seal).transpose()?;
        if by.author.is_requester() && epoch.as_ref().is_some_and(|epoch| epoch.number() > HOLDERS_EPOCHS) {
            let rule = InputRule::OutOfRange { least: 1, most: HOLDERS_EPOCHS.into() };
            return Err(Refusal::invalid("key.epoch", rule).into());
        }
        Ok(Self { case: by.case, author: by.author.clone(), answers: request.answers, epoch, danger })
    }
}

impl Write for AddAnswers {
    type Output = AddAnswersResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<AddAnswersResponse, Error> {
        let mut view = super::locked(tx, self.case).await?;
        let epoch = self.begin_epoch(tx).await?;
        self.check_answers(tx, epoch).await?;
        let names = self.answers.iter().map(|answer| answer.name.clone()).collect();
        let danger = self.danger.into();
        let event: IntakeEvent = AnswersAdded { case_id: self.case.to_string(), names, danger }.into();
        // Triage raises it too, and tells; until then this case waits behind no other.
        view.lane = lane_in_danger(self.danger, view.lane);
        tx.append(self.case, view.lane, self.author.name(), &event)?;
        let version = tx.version(self.case);
        store::answers::insert(tx, self.case, (version, &self.author), &self.answers).await?;
        if self.danger != Danger::Unspecified {
            store::requests::add_danger(tx, self.case, (version, &self.author), self.danger).await?;
        }
        super::show_step(tx, self.case, StepCode::AnswersAdded, String::new()).await?;
        if self.author.is_requester() {
            view.record_contact(tx.now());
        }
        store::view::save(tx, &view).await?;
        Ok(AddAnswersResponse { version })
    }
}

impl AddAnswers {
    /// The epoch to write under: the new one, when there is one.
    async fn begin_epoch(&self, tx: &mut Tx) -> Result<u32, Error> {
        if let Some(epoch) = &self.epoch {
            epoch.begin(tx).await?;
            return Ok(epoch.number());
        }
        let [newest] = keys::newest(tx, self.case, [Compartment::Request]).await?;
        Ok(newest)
    }

    async fn check_answers(&self, tx: &mut Tx, epoch: u32) -> Result<(), Error> {
        let mut whole = store::answers::newest(tx, self.case).await?;
        for answer in &self.answers {
            let earlier =
                whole.iter().position(|known| known.name == answer.name).map(|at| whole.swap_remove(at));
            answers::check_place(answer, epoch, earlier.map_or(0, |earlier| earlier.version))?;
        }
        let kept = whole.iter().chain(&self.answers);
        answers::check_total(kept.map(|answer| answer.ciphertext.len()).sum())?;
        Ok(())
    }
}
