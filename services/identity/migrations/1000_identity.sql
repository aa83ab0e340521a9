-- Staff, roles, teams and keys. No passphrase and no key that opens anything is here in the clear: what is sealed or
-- wrapped is wrapped once more under the installation's service key, and so is the hash that a login is held against.

-- The organisation: at most one row.
CREATE TABLE organisation (
    one BIGINT NOT NULL CHECK (one = 1),
    name TEXT NOT NULL,
    organisation_key BYTEA NOT NULL CHECK (length(organisation_key) = 32),
    recovery_key BYTEA NOT NULL,
    recovery_signature BYTEA NOT NULL CHECK (length(recovery_signature) = 64),
    founded_at BIGINT NOT NULL,
    CONSTRAINT organisation_founded_once PRIMARY KEY (one)
);

-- Each generation of each team's key, vouched for by the organisation's signature.
CREATE TABLE team_keys (
    team TEXT NOT NULL CHECK (team IN ('triage', 'approvers', 'finance')),
    generation BIGINT NOT NULL CHECK (generation >= 1),
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL CHECK (length(signature) = 64),
    wrapped_to_recovery BYTEA NOT NULL,
    PRIMARY KEY (team, generation)
);

-- People. `roles` is a set of bits (see flare_access::Roles). The one-time code lives as long as the invitation.
CREATE TABLE staff (
    staff_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 2 AND 40),
    roles BIGINT NOT NULL CHECK (roles > 0),
    state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
    code_hash BYTEA,
    salt BYTEA CHECK (salt IS NULL OR length(salt) = 16),
    memory_kib BIGINT,
    passes BIGINT,
    lanes BIGINT,
    auth_key_hash BYTEA,
    sealed_seed BYTEA,
    encryption_key BYTEA,
    signing_key BYTEA CHECK (signing_key IS NULL OR length(signing_key) = 32),
    -- The organisation's signature over id and keys. Without it nobody approves, pays, heads or is in a team.
    certificate BYTEA,
    CONSTRAINT staff_name UNIQUE (name),
    -- One person, one key: two people who sign under the same key would be one decision.
    CONSTRAINT staff_signing_key UNIQUE (signing_key),
    CONSTRAINT staff_certificate_is_over_keys CHECK (
        certificate IS NULL
        OR (length(certificate) = 64 AND encryption_key IS NOT NULL AND signing_key IS NOT NULL)
    ),
    CONSTRAINT staff_code_while_invited CHECK (
        (state = 'invited' AND code_hash IS NOT NULL) OR (state <> 'invited' AND code_hash IS NULL)
    ),
    CONSTRAINT staff_active_has_keys CHECK (
        state <> 'active' OR (
            salt IS NOT NULL AND memory_kib IS NOT NULL AND passes IS NOT NULL AND lanes IS NOT NULL
            AND auth_key_hash IS NOT NULL AND sealed_seed IS NOT NULL
            AND encryption_key IS NOT NULL AND signing_key IS NOT NULL
        )
    )
);
CREATE INDEX staff_active ON staff (roles) WHERE state = 'active';

-- A team's secret key, wrapped to a member.
-- Every wrap of a team's secret that a person was ever given: nobody can tell here which of them opens, so a later one
-- stands beside an earlier one and takes nothing away.
CREATE TABLE memberships (
    staff_id TEXT NOT NULL REFERENCES staff (staff_id),
    team TEXT NOT NULL,
    generation BIGINT NOT NULL,
    -- The number of the event in the person's history that it came with.
    seq BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (staff_id, team, generation, seq),
    FOREIGN KEY (team, generation) REFERENCES team_keys (team, generation)
);

-- Sessions by the SHA-256 of their secret. An ended one stays until its time has passed, so that whoever ends it can
-- tell every cache.
CREATE TABLE sessions (
    session_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(session_hash) = 32),
    staff_id TEXT NOT NULL REFERENCES staff (staff_id),
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- What opens the seed that the person's device keeps, together with the session's secret. It goes with the session,
    -- so that a device taken later opens nothing, not even for whoever takes this database and the service key as well.
    unlock_share BYTEA,
    CONSTRAINT sessions_share_while_it_lasts CHECK ((ended_at IS NULL) = (unlock_share IS NOT NULL))
);
CREATE INDEX sessions_staff ON sessions (staff_id, ends_at);
