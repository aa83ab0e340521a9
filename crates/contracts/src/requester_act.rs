//! What the holder of a receipt signs, made alike where it is signed and where it is verified.

use flare_kernel::CaseId;
use flare_seal::{SigningKey, sign, verify};

use crate::{
    Cause, InputRule, Refusal,
    common::v1::{ActSignature, RequesterAct, RequesterActKind, SignedAct},
    input,
    intake::v1::{
        AnswerAgreementRequest, AnswerProposalRequest, FreezeReceiptRequest, ReportArrivalRequest,
        SubmitReportRequest, WithdrawRequest,
    },
    parts::Parts,
};

const DOMAIN: &str = "flare/v1/requester-act";

/// A call that is an act of the requester: it says what is signed, all but the tag and the time.
pub trait RequesterCall {
    /// The act, without tag and time.
    fn act(&self) -> RequesterAct;
    /// The signature that the call brings.
    fn signature(&self) -> Option<&ActSignature>;
}

impl RequesterCall for AnswerProposalRequest {
    fn act(&self) -> RequesterAct {
        let kind =
            if self.agrees { RequesterActKind::ProposalRight } else { RequesterActKind::ProposalWrong };
        RequesterAct {
            kind: kind.into(),
            grant_id: self.grant_id.clone(),
            message_id: self.shown_message_id.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

impl RequesterCall for AnswerAgreementRequest {
    fn act(&self) -> RequesterAct {
        let kind = match (self.accepts, self.refuses_donor) {
            (true, _) => RequesterActKind::AgreementAccepted,
            (false, true) => RequesterActKind::DonorRefused,
            (false, false) => RequesterActKind::AgreementRefused,
        };
        RequesterAct {
            kind: kind.into(),
            grant_id: self.grant_id.clone(),
            message_id: self.message_id.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

impl RequesterCall for ReportArrivalRequest {
    fn act(&self) -> RequesterAct {
        RequesterAct {
            kind: RequesterActKind::MoneyArrived.into(),
            grant_id: self.grant_id.clone(),
            tranche_id: self.tranche_id.clone(),
            amount: self.arrived.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

impl RequesterCall for SubmitReportRequest {
    fn act(&self) -> RequesterAct {
        RequesterAct {
            kind: RequesterActKind::Reported.into(),
            grant_id: self.grant_id.clone(),
            message_id: self.message_id.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

impl RequesterCall for WithdrawRequest {
    fn act(&self) -> RequesterAct {
        RequesterAct {
            kind: RequesterActKind::Withdrawn.into(),
            reason: self.reason.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

impl RequesterCall for FreezeReceiptRequest {
    fn act(&self) -> RequesterAct {
        RequesterAct {
            kind: RequesterActKind::CodeFrozen.into(),
            reason: self.reason.clone(),
            ..RequesterAct::default()
        }
    }

    fn signature(&self) -> Option<&ActSignature> {
        self.act.as_ref()
    }
}

fn whole(
    call: &impl RequesterCall,
    case: CaseId,
    text_tag: &[u8],
    at: &prost_types::Timestamp,
) -> RequesterAct {
    RequesterAct { case_id: case.to_string(), text_tag: text_tag.to_vec(), at: Some(*at), ..call.act() }
}

/// What is signed, as `RequesterAct` in proto/ says.
fn signed_bytes(act: &RequesterAct) -> Vec<u8> {
    let (currency, minor_units) = match &act.amount {
        Some(amount) => (amount.currency.as_str(), amount.minor_units.to_string()),
        None => ("", String::new()),
    };
    let at = act.at.as_ref().map_or(0, |at| input::timestamp_in(at).as_micros());
    let mut out = Parts::default();
    out.number(act.kind)
        .text(&act.case_id)
        .text(&act.grant_id)
        .text(&act.tranche_id)
        .text(&act.message_id)
        .bytes(&act.text_tag)
        .text(currency)
        .text(&minor_units)
        .text(&act.reason)
        .number(at);
    out.0
}

/// Signs a call. `text_tag` is of the message that it is about; empty where it is about none.
pub fn sign_call(
    call: &impl RequesterCall,
    case: CaseId,
    (text_tag, at): (&[u8], prost_types::Timestamp),
    signer: &SigningKey,
) -> ActSignature {
    let signature = sign(DOMAIN, signer, &signed_bytes(&whole(call, case, text_tag, &at))).to_vec();
    ActSignature { at: Some(at), text_tag: text_tag.to_vec(), signature }
}

/// The act that a call is, if the holder of the receipt with this signing key signed it.
pub fn verify_call(
    call: &impl RequesterCall,
    case: CaseId,
    signing_key: &[u8; 32],
) -> Result<SignedAct, Refusal> {
    let given = input::required("act", call.signature().cloned())?;
    let at = input::required("act.at", given.at)?;
    let act = whole(call, case, &given.text_tag, &at);
    let signed = SignedAct { signature: given.signature, signing_key: signing_key.to_vec(), act: Some(act) };
    if is_signed(&signed) { Ok(signed) } else { Err(not_signed()) }
}

/// Whether an act bears the signature of the key that it names. Whose key that is, the case's receipts tell.
pub fn is_signed(signed: &SignedAct) -> bool {
    let (Some(act), Ok(key)) = (&signed.act, <[u8; 32]>::try_from(signed.signing_key.as_slice())) else {
        return false;
    };
    verify(DOMAIN, &key, &signed_bytes(act), &signed.signature).is_ok()
}

fn not_signed() -> Refusal {
    Refusal::from(Cause::ActNotSigned).field("act.signature", InputRule::NotSigned)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::common::v1::Money;

    const CASE: CaseId = CaseId::from_bytes([1; 16]);
    const AT: prost_types::Timestamp = prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 };

    fn arrival() -> ReportArrivalRequest {
        ReportArrivalRequest {
            request_id: "r".to_owned(),
            grant_id: "grant_1".to_owned(),
            tranche_id: "tranche_1".to_owned(),
            arrived: Some(Money { currency: "EUR".to_owned(), minor_units: 40_000 }),
            act: None,
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_bytes([0x42; 32])
    }

    fn signed() -> ReportArrivalRequest {
        ReportArrivalRequest { act: Some(sign_call(&arrival(), CASE, (&[], AT), &key())), ..arrival() }
    }

    #[test]
    fn the_format_is_fixed() {
        // Computed apart from this code, with Python's cryptography, from the comment on `RequesterAct` in proto/.
        assert_eq!(
            HEXLOWER.encode(&signed().act.unwrap().signature),
            "1f7fc392550f864b242c790b26129184a1a3a9c6f00f066add7b1cfb17bcd7ead916cd2a1d281cd77640e6bf85ee46899d21231a5a3e41a471076121ba33150f"
        );
    }

    #[test]
    fn an_act_holds_for_this_case_this_key_and_these_words_alone() {
        type Change = fn(&mut ReportArrivalRequest);
        let act = verify_call(&signed(), CASE, &key().public()).unwrap();
        assert!(is_signed(&act));
        assert_eq!(act.act.unwrap().kind(), RequesterActKind::MoneyArrived);
        let reason = |refused: Result<SignedAct, Refusal>| refused.unwrap_err().reason;
        assert_eq!(
            reason(verify_call(&signed(), CaseId::from_bytes([2; 16]), &key().public())),
            "ACT_NOT_SIGNED"
        );
        let other = SigningKey::from_bytes([7; 32]).public();
        assert_eq!(reason(verify_call(&signed(), CASE, &other)), "ACT_NOT_SIGNED");
        let changes: [Change; 6] = [
            |call| call.grant_id.push('1'),
            |call| call.tranche_id.clear(),
            |call| call.arrived.as_mut().unwrap().minor_units += 1,
            |call| call.arrived.as_mut().unwrap().currency = "USD".to_owned(),
            |call| call.act.as_mut().unwrap().text_tag = vec![1; 32],
            |call| call.act.as_mut().unwrap().at.as_mut().unwrap().seconds += 1,
        ];
        for change in changes {
            let mut call = signed();
            change(&mut call);
            assert_eq!(reason(verify_call(&call, CASE, &key().public())), "ACT_NOT_SIGNED");
        }
        let unsigned = verify_call(&arrival(), CASE, &key().public()).unwrap_err();
        assert_eq!(unsigned.violations[0].field, "act");
    }

    #[test]
    fn each_kind_of_call_is_an_act_of_its_own() {
        let agreement = |accepts, refuses_donor| {
            AnswerAgreementRequest { accepts, refuses_donor, ..AnswerAgreementRequest::default() }.act()
        };
        let proposal = |agrees| AnswerProposalRequest { agrees, ..AnswerProposalRequest::default() }.act();
        let acts = [
            proposal(true),
            proposal(false),
            agreement(true, false),
            agreement(false, false),
            agreement(false, true),
            arrival().act(),
            SubmitReportRequest::default().act(),
            WithdrawRequest::default().act(),
            FreezeReceiptRequest::default().act(),
        ];
        let kinds: std::collections::BTreeSet<_> = acts.iter().map(|act| act.kind).collect();
        assert_eq!(kinds.len(), acts.len());
        assert!(!kinds.contains(&0));
    }
}
