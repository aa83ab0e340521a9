//! What a handler asks about its caller.
//!
//! The layer has checked the RPC's rule before the handler runs. These functions hand the handler the caller in the
//! shape it needs, and refuse once more when the rule in `proto/` let in more than the handler was written for.

use flare_contracts::{Refusal, Service};
use tonic::Request;

use crate::{Caller, ReceiptClaim, Staff, refusals};

/// Who is calling. A request that never passed the access layer is refused as one without credentials.
pub fn caller<T>(request: &Request<T>) -> Result<&Caller, Refusal> {
    request.extensions().get::<Caller>().ok_or_else(refusals::no_credentials)
}

/// The member of staff who is calling.
pub fn staff<T>(request: &Request<T>) -> Result<&Staff, Refusal> {
    match caller(request)? {
        Caller::Staff(staff) => Ok(staff),
        Caller::Anonymous => Err(refusals::no_credentials()),
        Caller::Receipt(_) | Caller::Service(_) => Err(refusals::not_allowed()),
    }
}

/// The receipt that the caller shows. Its proof is still to be checked.
pub fn receipt<T>(request: &Request<T>) -> Result<&ReceiptClaim, Refusal> {
    match caller(request)? {
        Caller::Receipt(claim) => Ok(claim),
        Caller::Anonymous => Err(refusals::no_credentials()),
        Caller::Staff(_) | Caller::Service(_) => Err(refusals::not_allowed()),
    }
}

/// The service that is calling.
pub fn service<T>(request: &Request<T>) -> Result<Service, Refusal> {
    match caller(request)? {
        Caller::Service(producer) => Ok(*producer),
        Caller::Anonymous => Err(refusals::no_credentials()),
        Caller::Receipt(_) | Caller::Staff(_) => Err(refusals::not_allowed()),
    }
}

/// Whether the portal calls, for whoever it is: what it alone can know may be believed then.
pub fn is_from_portal<T>(request: &Request<T>) -> bool {
    request.extensions().get::<FromPortal>().is_some()
}

/// What the server's door notes on a call of the portal: one on its own channel within the process, or over TLS under its
/// certificate. No caller can write it.
#[derive(Clone, Copy, Debug)]
pub struct FromPortal;

/// Refuses any other service than this one.
pub fn only_service<T>(request: &Request<T>, only: Service) -> Result<(), Refusal> {
    if service(request)? == only { Ok(()) } else { Err(refusals::not_allowed()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Roles, fixtures};

    fn from(caller: Caller) -> Request<()> {
        let mut request = Request::new(());
        request.extensions_mut().insert(caller);
        request
    }

    #[test]
    fn each_handler_gets_the_caller_it_was_written_for() {
        let member = fixtures::staff(Roles::NONE);
        assert_eq!(staff(&from(Caller::Staff(member.clone()))), Ok(&member));
        assert_eq!(
            receipt(&from(Caller::Receipt(fixtures::claim(3)))).map(|claim| claim.lookup),
            Ok([3; 16])
        );
        assert_eq!(service(&from(Caller::Service(Service::Grants))), Ok(Service::Grants));
    }

    #[test]
    fn any_other_caller_is_refused_with_a_stable_reason() {
        let reasons = |request: &Request<()>| {
            [
                staff(request).err().map(|refusal| refusal.reason),
                receipt(request).err().map(|refusal| refusal.reason),
                service(request).err().map(|refusal| refusal.reason),
            ]
        };
        let (none, not) = (Some("NO_CREDENTIALS"), Some("NOT_ALLOWED"));
        assert_eq!(reasons(&Request::new(())), [none, none, none], "a request that skipped the layer");
        assert_eq!(reasons(&from(Caller::Anonymous)), [none, none, none]);
        assert_eq!(reasons(&from(Caller::Staff(fixtures::staff(Roles::NONE)))), [None, not, not]);
        assert_eq!(reasons(&from(Caller::Receipt(fixtures::claim(1)))), [not, None, not]);
        assert_eq!(reasons(&from(Caller::Service(Service::Triage))), [not, not, None]);
        let only = |caller| only_service(&from(caller), Service::Triage).err().map(|refusal| refusal.reason);
        assert_eq!(only(Caller::Service(Service::Triage)), None);
        assert_eq!(only(Caller::Service(Service::Intake)), not);
        assert_eq!(only(Caller::Anonymous), none);
    }
}
