//! Proto in, proto out.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use flare_access::{Staff, peer, staff};
use flare_contracts::{
    identity::v1::{
        CertifyStaffRequest, CertifyStaffResponse, DisableStaffRequest, DisableStaffResponse, EnrolRequest,
        EnrolResponse, FoundOrganisationRequest, FoundOrganisationResponse, GetKeyBundleRequest,
        GetKeyBundleResponse, GetMyselfRequest, GetMyselfResponse, GetTeamRecoveryRequest,
        GetTeamRecoveryResponse, GetVerificationKeysRequest, GetVerificationKeysResponse, ListStaffRequest,
        ListStaffResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshAccessRequest,
        RefreshAccessResponse, SetRolesRequest, SetRolesResponse, StartLoginRequest, StartLoginResponse,
        VerificationKey, identity_server,
    },
    input,
};
use flare_store::{Call, Command, Reply, rpcs};
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use crate::{
    Identity,
    commands::{
        AdmitToTeam, CertifyStaff, DisableStaff, Enrol, FoundOrganisation, Founder, InviteStaff, Newcomer,
        SetRoles,
    },
    domain::Team,
    queries,
};

/// Identity over gRPC.
#[derive(Clone, Debug)]
pub struct IdentityApi(Arc<Identity>);

impl IdentityApi {
    /// Serves this identity.
    pub const fn new(identity: Arc<Identity>) -> Self {
        Self(identity)
    }

    /// Does what a member of staff asks for.
    async fn by_staff<C: Command<Service = Identity, By = Staff>>(&self, call: Call<C>) -> Reply<C> {
        let by = staff(&call)?.clone();
        self.0.database.run::<C>(&self.0, &by, call.into_inner()).await
    }

    /// What somebody may do has changed: their sessions are looked up anew from now on.
    async fn forget_sessions_of(&self, staff_id: &str) -> Result<(), Status> {
        Ok(self.0.sign_in.forget(input::id("staff_id", staff_id)?).await?)
    }
}

#[tonic::async_trait]
impl identity_server::Identity for IdentityApi {
    rpcs! {
        by_staff:
        invite_staff => InviteStaff,
        admit_to_team => AdmitToTeam,
    }

    async fn found_organisation(
        &self,
        request: Request<FoundOrganisationRequest>,
    ) -> Result<Response<FoundOrganisationResponse>, Status> {
        self.0.database.run::<FoundOrganisation>(&self.0, &Founder, request.into_inner()).await
    }

    async fn get_key_bundle(
        &self,
        _: Request<GetKeyBundleRequest>,
    ) -> Result<Response<GetKeyBundleResponse>, Status> {
        Ok(Response::new(queries::key_bundle(&self.0.database).await?))
    }

    async fn get_verification_keys(
        &self,
        _: Request<GetVerificationKeysRequest>,
    ) -> Result<Response<GetVerificationKeysResponse>, Status> {
        let keys = self.0.verification_keys().into_iter().map(|key| VerificationKey {
            key_id: HEXLOWER.encode(&Sha256::digest(key)[..8]),
            public_key: key.to_vec(),
        });
        Ok(Response::new(GetVerificationKeysResponse { keys: keys.collect() }))
    }

    async fn start_login(
        &self,
        request: Request<StartLoginRequest>,
    ) -> Result<Response<StartLoginResponse>, Status> {
        let stretched = self.0.sign_in.stretching(&request.into_inner().name).await?;
        Ok(Response::new(StartLoginResponse {
            salt: stretched.salt.to_vec(),
            stretching: Some(stretched.stretching()),
        }))
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let from = peer(&request);
        let request = request.into_inner();
        let auth_key = input::array("auth_key", &request.auth_key)?;
        let signed_in = self.0.sign_in.login(&request.name, &auth_key, from.as_ref()).await?;
        Ok(Response::new(LoginResponse {
            staff_id: signed_in.staff.to_string(),
            session: signed_in.session.to_vec(),
            session_ends: Some(input::timestamp_out(signed_in.ends)),
            access_token: signed_in.fresh.token.text,
            sealed_seed: signed_in.sealed_seed,
            unlock_share: signed_in.fresh.unlock_share,
        }))
    }

    async fn refresh_access(
        &self,
        request: Request<RefreshAccessRequest>,
    ) -> Result<Response<RefreshAccessResponse>, Status> {
        let session = input::array("session", &request.into_inner().session)?;
        let fresh = self.0.sign_in.refresh(&session).await?;
        Ok(Response::new(RefreshAccessResponse {
            access_token: fresh.token.text,
            expires: Some(input::timestamp_out(fresh.token.expires)),
            unlock_share: fresh.unlock_share,
        }))
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let session = input::array("session", &request.into_inner().session)?;
        self.0.sign_in.logout(&session).await?;
        Ok(Response::new(LogoutResponse {}))
    }

    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let from = peer(&request);
        let request = request.into_inner();
        self.0.sign_in.count_attempt("enrol", &request.name, from.as_ref()).await?;
        let by = Newcomer { name: request.name.clone() };
        self.0.database.run::<Enrol>(&self.0, &by, request).await
    }

    async fn certify_staff(
        &self,
        request: Request<CertifyStaffRequest>,
    ) -> Result<Response<CertifyStaffResponse>, Status> {
        let staff_id = request.get_ref().staff_id.clone();
        let reply = self.by_staff::<CertifyStaff>(request).await?;
        self.forget_sessions_of(&staff_id).await?;
        Ok(reply)
    }

    async fn get_team_recovery(
        &self,
        request: Request<GetTeamRecoveryRequest>,
    ) -> Result<Response<GetTeamRecoveryResponse>, Status> {
        let team = Team::parse("team", &request.into_inner().team)?;
        Ok(Response::new(queries::team_recovery(&self.0.database, &self.0.vault, team).await?))
    }

    async fn get_myself(
        &self,
        request: Request<GetMyselfRequest>,
    ) -> Result<Response<GetMyselfResponse>, Status> {
        let id = staff(&request)?.id;
        Ok(Response::new(queries::myself(&self.0.database, &self.0.vault, id).await?))
    }

    async fn set_roles(
        &self,
        request: Request<SetRolesRequest>,
    ) -> Result<Response<SetRolesResponse>, Status> {
        let staff_id = request.get_ref().staff_id.clone();
        let reply = self.by_staff::<SetRoles>(request).await?;
        self.forget_sessions_of(&staff_id).await?;
        Ok(reply)
    }

    async fn disable_staff(
        &self,
        request: Request<DisableStaffRequest>,
    ) -> Result<Response<DisableStaffResponse>, Status> {
        let staff_id = request.get_ref().staff_id.clone();
        let reply = self.by_staff::<DisableStaff>(request).await?;
        self.forget_sessions_of(&staff_id).await?;
        Ok(reply)
    }

    async fn list_staff(
        &self,
        request: Request<ListStaffRequest>,
    ) -> Result<Response<ListStaffResponse>, Status> {
        Ok(Response::new(queries::list_staff(&self.0.database, request.into_inner()).await?))
    }
}

#[cfg(test)]
mod tests;
