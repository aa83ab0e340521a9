//! Proto in, proto out.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use flare_access::{peer, staff};
use flare_contracts::{
    identity::v1::{
        AdmitToTeamRequest, AdmitToTeamResponse, CertifyStaffRequest, CertifyStaffResponse,
        DisableStaffRequest, DisableStaffResponse, EnrolRequest, EnrolResponse, FoundOrganisationRequest,
        FoundOrganisationResponse, GetKeyBundleRequest, GetKeyBundleResponse, GetMyselfRequest,
        GetMyselfResponse, GetTeamRecoveryRequest, GetTeamRecoveryResponse, GetVerificationKeysRequest,
        GetVerificationKeysResponse, InviteStaffRequest, InviteStaffResponse, ListStaffRequest,
        ListStaffResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshAccessRequest,
        RefreshAccessResponse, SetRolesRequest, SetRolesResponse, StartLoginRequest, StartLoginResponse,
        VerificationKey, identity_server,
    },
    input,
};
use flare_store::Once;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use crate::{
    Identity,
    commands::{AdmitToTeam, CertifyStaff, DisableStaff, Enrol, FoundOrganisation, InviteStaff, SetRoles},
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
}

#[tonic::async_trait]
impl identity_server::Identity for IdentityApi {
    async fn found_organisation(
        &self,
        request: Request<FoundOrganisationRequest>,
    ) -> Result<Response<FoundOrganisationResponse>, Status> {
        let request = request.into_inner();
        let once = Once::new("setup", "FoundOrganisation", &request.request_id, &request)?;
        let command = FoundOrganisation::parse(self.0.settings.setup_code, &self.0.vault, request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
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

    async fn invite_staff(
        &self,
        request: Request<InviteStaffRequest>,
    ) -> Result<Response<InviteStaffResponse>, Status> {
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "InviteStaff", &request.request_id, &request)?;
        let command = InviteStaff::parse(&caller, request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let from = peer(&request);
        let request = request.into_inner();
        self.0.sign_in.count_attempt("enrol", &request.name, from.as_ref()).await?;
        // Whoever has no account yet is told apart by the name they enrol under.
        let once = Once::new(format!("enrol:{}", request.name), "Enrol", &request.request_id, &request)?;
        let command = Enrol::parse(&self.0.vault, self.0.settings.passphrases, request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn certify_staff(
        &self,
        request: Request<CertifyStaffRequest>,
    ) -> Result<Response<CertifyStaffResponse>, Status> {
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "CertifyStaff", &request.request_id, &request)?;
        let command = CertifyStaff::parse(&caller, &request)?;
        let staff = command.staff;
        let reply = self.0.database.once(once, command).await?;
        self.0.sign_in.forget(staff).await?;
        Ok(Response::new(reply))
    }

    async fn admit_to_team(
        &self,
        request: Request<AdmitToTeamRequest>,
    ) -> Result<Response<AdmitToTeamResponse>, Status> {
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "AdmitToTeam", &request.request_id, &request)?;
        let command = AdmitToTeam::parse(&caller, &self.0.vault, request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
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
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "SetRoles", &request.request_id, &request)?;
        let command = SetRoles::parse(&caller, &request)?;
        let staff = command.staff;
        let reply = self.0.database.once(once, command).await?;
        self.0.sign_in.forget(staff).await?;
        Ok(Response::new(reply))
    }

    async fn disable_staff(
        &self,
        request: Request<DisableStaffRequest>,
    ) -> Result<Response<DisableStaffResponse>, Status> {
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "DisableStaff", &request.request_id, &request)?;
        let command = DisableStaff::parse(&caller, &request)?;
        let staff = command.staff;
        let reply = self.0.database.once(once, command).await?;
        self.0.sign_in.forget(staff).await?;
        Ok(Response::new(reply))
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
