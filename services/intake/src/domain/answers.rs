//! Which answers may be sent together.

use flare_contracts::{
    InputRule, Refusal,
    answers::{ANSWERS, MAX_REQUEST_BYTES, answer_rule},
    common::v1::SealedField,
    input,
    intake::v1::Danger,
};

/// Refuses answers that are too long, unknown, malformed or there twice.
pub(crate) fn check(answers: &[SealedField]) -> Result<(), Refusal> {
    check_total(answers.iter().map(|answer| answer.ciphertext.len()).sum())?;
    for (index, answer) in answers.iter().enumerate() {
        let name = &answer.name;
        // The name is the caller's text and may be anything: it is not repeated.
        let Some(rule) = answer_rule(name) else {
            return Err(Refusal::invalid(format!("answers[{index}].name"), InputRule::NotAQuestion));
        };
        if answers[..index].iter().any(|earlier| earlier.name == *name) {
            return Err(Refusal::invalid(rule.name, InputRule::Twice));
        }
        input::sealed_shape(rule.name, answer, rule.max_bytes())?;
    }
    Ok(())
}

/// The same for what is added to a request, which is something: answers, or what is said of danger.
pub(crate) fn check_further(answers: &[SealedField], danger: Danger) -> Result<(), Refusal> {
    if answers.is_empty() && danger == Danger::Unspecified {
        return Err(Refusal::invalid("answers", InputRule::NoneGiven));
    }
    check(answers)
}

/// Refuses a whole request that is too large; `bytes` are those of its sealed answers.
pub(crate) fn check_total(bytes: usize) -> Result<(), Refusal> {
    if bytes > MAX_REQUEST_BYTES {
        let rule = InputRule::AnswersTooLarge { limit: MAX_REQUEST_BYTES };
        return Err(Refusal::invalid("answers", rule));
    }
    Ok(())
}

/// Refuses a new request that lacks a required answer, or whose answers are not first writings under the first key.
pub(crate) fn check_first(answers: &[SealedField]) -> Result<(), Refusal> {
    for rule in ANSWERS.iter().filter(|rule| rule.required) {
        if !answers.iter().any(|answer| answer.name == rule.name) {
            return Err(Refusal::invalid(rule.name, InputRule::Required));
        }
    }
    check(answers)?;
    for answer in answers {
        check_place(answer, 1, 0)?;
    }
    Ok(())
}

/// Refuses an answer that is not sealed under the newest epoch or does not follow the newest version of it.
pub(crate) fn check_place(answer: &SealedField, epoch: u32, newest_version: u32) -> Result<(), Refusal> {
    if answer.epoch != epoch {
        return Err(input::old_epoch(&answer.name, epoch));
    }
    let next = newest_version.saturating_add(1);
    if answer.version != next {
        let rule = InputRule::NotTheNumber { number: next.into() };
        return Err(Refusal::invalid(format!("{}.version", answer.name), rule));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, text: usize) -> SealedField {
        SealedField {
            name: name.to_owned(),
            epoch: 1,
            version: 1,
            ciphertext: vec![0; flare_seal::sealed_len(text)],
            tag: vec![0; 32],
            commitment: Vec::new(),
        }
    }

    fn two() -> Vec<SealedField> {
        vec![answer("request.contact", 5), answer("request.happened", 5)]
    }

    fn field(outcome: Result<(), Refusal>) -> String {
        outcome.unwrap_err().violations[0].field.clone()
    }

    #[test]
    fn two_answers_are_enough_and_neither_can_be_missing() {
        assert_eq!(check_first(&two()), Ok(()));
        assert_eq!(field(check_first(&two()[..1])), "request.happened");
        assert_eq!(field(check_first(&two()[1..])), "request.contact");
        assert_eq!(field(check_further(&[], Danger::Unspecified)), "answers");
        assert_eq!(check_further(&[], Danger::No), Ok(()));
    }

    #[test]
    fn each_answer_is_held_to_its_own_length() {
        for rule in ANSWERS {
            assert_eq!(check(&[answer(rule.name, rule.max_bytes())]), Ok(()), "{}", rule.name);
            let longer = answer(rule.name, flare_seal::sealed_committed_len(rule.max_bytes()) + 64);
            assert_eq!(field(check(&[longer])), format!("{}.ciphertext", rule.name));
        }
    }

    #[test]
    fn unknown_and_repeated_names_are_refused_without_repeating_what_was_written() {
        let refusal = check(&[answer("my password is hunter2", 5)]).unwrap_err();
        assert_eq!(refusal.violations[0].field, "answers[0].name");
        assert!(!refusal.to_string().contains("hunter2"));
        assert_eq!(field(check(&[answer("request.who", 1), answer("request.who", 1)])), "request.who");
    }

    #[test]
    fn a_request_over_the_limit_is_refused_as_a_whole() {
        let mut answers = two();
        answers.push(answer("request.anything", MAX_REQUEST_BYTES));
        assert_eq!(field(check(&answers)), "answers");
        assert_eq!(check_total(MAX_REQUEST_BYTES), Ok(()));
    }

    #[test]
    fn an_answer_follows_the_newest_version_under_the_newest_key() {
        let second = SealedField { version: 3, epoch: 2, ..answer("request.who", 1) };
        assert_eq!(check_place(&second, 2, 2), Ok(()));
        assert_eq!(check_place(&second, 3, 2).unwrap_err().reason, "OLD_KEY_EPOCH");
        assert_eq!(field(check_place(&second, 2, 1)), "request.who.version");
        assert_eq!(field(check_place(&second, 2, 3)), "request.who.version");
    }

    #[test]
    fn malformed_sealings_are_refused() {
        let good = answer("request.who", 1);
        for (bad, part) in [
            (SealedField { epoch: 0, ..good.clone() }, "epoch"),
            (SealedField { version: 0, ..good.clone() }, "version"),
            (SealedField { tag: vec![0; 31], ..good.clone() }, "tag"),
            (SealedField { commitment: vec![0; 5], ..good.clone() }, "commitment"),
            (SealedField { ciphertext: vec![0; 10], ..good.clone() }, "ciphertext"),
        ] {
            assert_eq!(field(check(&[bad])), format!("request.who.{part}"));
        }
    }
}
