-- Requests, receipts, the thread with the requester, files, and what the requester is shown of the rest.
-- Whatever a person wrote is in these tables as sealed bytes only. An enum is stored under its name on the wire.

CREATE TABLE requests (
    case_id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL CONSTRAINT requests_channel CHECK (channel IN ('CHANNEL_FORM', 'CHANNEL_SIGNAL',
        'CHANNEL_PHONE', 'CHANNEL_MAIL', 'CHANNEL_PEER', 'CHANNEL_VISIT')),
    received BIGINT NOT NULL,
    lane_hint BIGINT NOT NULL CONSTRAINT requests_lane_hint CHECK (lane_hint IN (1, 2, 3)),
    language TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT requests_kind CHECK (kind IN ('REQUESTER_KIND_UNSPECIFIED',
        'REQUESTER_KIND_INDIVIDUAL', 'REQUESTER_KIND_OUTLET', 'REQUESTER_KIND_ORGANISATION',
        'REQUESTER_KIND_UNREGISTERED_GROUP')),
    on_behalf BIGINT NOT NULL CONSTRAINT requests_on_behalf CHECK (on_behalf IN (0, 1)),
    mode TEXT NOT NULL CONSTRAINT requests_mode CHECK (mode IN ('MODE_UNSPECIFIED', 'MODE_PREVENTIVE',
        'MODE_REACTIVE')),
    set_off_by TEXT NOT NULL CONSTRAINT requests_set_off_by CHECK (set_off_by IN ('TRIGGER_UNSPECIFIED',
        'TRIGGER_NEGATIVE', 'TRIGGER_POSITIVE')),
    danger TEXT NOT NULL CONSTRAINT requests_danger CHECK (danger IN ('DANGER_UNSPECIFIED', 'DANGER_YES', 'DANGER_NO',
        'DANGER_NOT_SURE')),
    -- What was sent first, without what sealing draws afresh: tells a repetition from another request.
    content BYTEA NOT NULL CONSTRAINT requests_content CHECK (length(content) = 32),
    CONSTRAINT requests_danger_lane CHECK (danger <> 'DANGER_YES' OR lane_hint = 1),
    CONSTRAINT requests_doubt_lane CHECK (danger <> 'DANGER_NOT_SURE' OR lane_hint IN (1, 2))
);

-- What was said of danger after the request was sent: nothing replaces what was said before. `seq` numbers the event it
-- was said with.
CREATE TABLE later_danger (
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    seq BIGINT NOT NULL CONSTRAINT later_danger_seq CHECK (seq > 1),
    danger TEXT NOT NULL CONSTRAINT later_danger_danger CHECK (danger IN ('DANGER_YES', 'DANGER_NO',
        'DANGER_NOT_SURE')),
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (case_id, seq)
);

CREATE TABLE consents (
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    purpose TEXT NOT NULL CONSTRAINT consents_purpose CHECK (purpose IN ('PURPOSE_HELP', 'PURPOSE_CHECKING',
        'PURPOSE_REFERRAL', 'PURPOSE_DONOR', 'PURPOSE_PUBLIC')),
    state TEXT NOT NULL CONSTRAINT consents_state CHECK (state IN ('CONSENT_STATE_AGREED', 'CONSENT_STATE_REFUSED',
        'CONSENT_STATE_CANNOT_BE_ASKED')),
    PRIMARY KEY (case_id, purpose)
);

-- Ids that were drawn for cases that an officer opens without a receipt: nobody chooses the id of a case.
CREATE TABLE reserved_cases (
    case_id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- A case may have several: of whoever asked, of a person it is about, of their kin; each opens a thread of its own. So far
-- there is the thread of whoever asked alone; see key_epochs.
CREATE TABLE receipts (
    lookup_id BYTEA NOT NULL CONSTRAINT receipts_lookup_len CHECK (length(lookup_id) = 16),
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    thread BIGINT NOT NULL CONSTRAINT receipts_thread CHECK (thread = 1),
    holder TEXT NOT NULL CONSTRAINT receipts_holder CHECK (holder IN ('HOLDER_KIND_REQUESTER',
        'HOLDER_KIND_PERSON', 'HOLDER_KIND_KIN')),
    -- 'requester' or a staff id.
    drawn_by TEXT NOT NULL,
    proof_hash BYTEA NOT NULL CONSTRAINT receipts_proof_len CHECK (length(proof_hash) = 32),
    encryption_key BYTEA NOT NULL CONSTRAINT receipts_encryption_len CHECK (length(encryption_key) = 1216),
    signing_key BYTEA NOT NULL CONSTRAINT receipts_signing_len CHECK (length(signing_key) = 32),
    -- Which member of staff vouches for its keys; none where the case id commits to them.
    author BYTEA,
    issued_at BIGINT NOT NULL,
    -- The first epoch of the thread that is wrapped to it: earlier ones are wrapped to an earlier receipt, or to none.
    first_epoch BIGINT NOT NULL CONSTRAINT receipts_first_epoch CHECK (first_epoch >= 1),
    -- When it ceased to open anything; unset while it does.
    frozen_at BIGINT,
    CONSTRAINT receipts_lookup UNIQUE (lookup_id)
);
CREATE UNIQUE INDEX receipts_active ON receipts (case_id, thread) WHERE frozen_at IS NULL;
CREATE INDEX receipts_of_case ON receipts (case_id, issued_at);

-- The keys of a request and its threads, as `flare_store::keys` keeps them; `stream` is the case.
CREATE TABLE key_epochs (
    stream TEXT NOT NULL REFERENCES requests (case_id),
    compartment TEXT NOT NULL CONSTRAINT key_epochs_compartment CHECK (compartment IN ('request', 'thread')),
    epoch BIGINT NOT NULL CONSTRAINT key_epochs_epoch CHECK (epoch >= 1),
    -- Which member of staff vouches for the key, as they gave it; none when the requester drew it.
    author BYTEA,
    -- Which thread the key is of: 1 is that of whoever asked, and their request's. Epochs count through all threads of a
    -- case, so that no two keys share an address, and a message or file is of the thread that its key is of. No code names
    -- a key's thread yet. Until one does there is no other, or its keys would pass for keys of this one.
    thread BIGINT NOT NULL DEFAULT 1 CONSTRAINT key_epochs_thread CHECK (thread = 1),
    PRIMARY KEY (stream, compartment, epoch)
);

CREATE TABLE key_wraps (
    stream TEXT NOT NULL,
    compartment TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    recipient TEXT NOT NULL,
    generation BIGINT NOT NULL CONSTRAINT key_wraps_generation CHECK (generation >= 0),
    -- Wrapped to the reader, then once more under the service key.
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (stream, compartment, epoch, recipient),
    CONSTRAINT key_wraps_epoch FOREIGN KEY (stream, compartment, epoch)
        REFERENCES key_epochs (stream, compartment, epoch)
);

-- Each writing of each answer; the highest version is the one that holds.
CREATE TABLE answers (
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL CONSTRAINT answers_version CHECK (version >= 1),
    -- The number of the event in the case's history that it was written with.
    seq BIGINT NOT NULL,
    -- 'requester' or a staff id.
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    ciphertext BYTEA NOT NULL,
    tag BYTEA NOT NULL CONSTRAINT answers_tag CHECK (length(tag) = 32),
    commitment BYTEA NOT NULL,
    PRIMARY KEY (case_id, name, version),
    CONSTRAINT answers_place UNIQUE (case_id, seq, name)
);

CREATE TABLE messages (
    message_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    -- The number of the message's event in the case's history: the order of the thread.
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT messages_kind CHECK (kind IN ('MESSAGE_KIND_TEXT', 'MESSAGE_KIND_QUESTION',
        'MESSAGE_KIND_ANSWER', 'MESSAGE_KIND_DECISION', 'MESSAGE_KIND_PROPOSAL', 'MESSAGE_KIND_AGREEMENT',
        'MESSAGE_KIND_REPORT', 'MESSAGE_KIND_CHANGE', 'MESSAGE_KIND_REVIEW')),
    -- 'requester' or a staff id.
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    about TEXT,
    -- Of a question: the message that answered it.
    answered_by TEXT,
    epoch BIGINT NOT NULL,
    ciphertext BYTEA NOT NULL,
    tag BYTEA NOT NULL CONSTRAINT messages_tag CHECK (length(tag) = 32),
    commitment BYTEA NOT NULL,
    CONSTRAINT messages_message UNIQUE (message_id),
    CONSTRAINT messages_place UNIQUE (case_id, seq),
    CONSTRAINT messages_requester_writes CHECK (author <> 'requester'
        OR kind IN ('MESSAGE_KIND_TEXT', 'MESSAGE_KIND_ANSWER', 'MESSAGE_KIND_REPORT', 'MESSAGE_KIND_CHANGE',
            'MESSAGE_KIND_REVIEW')),
    CONSTRAINT messages_staff_write CHECK (author = 'requester'
        OR kind NOT IN ('MESSAGE_KIND_ANSWER', 'MESSAGE_KIND_REPORT', 'MESSAGE_KIND_CHANGE', 'MESSAGE_KIND_REVIEW'))
);
CREATE INDEX messages_open_questions ON messages (case_id, seq)
    WHERE kind = 'MESSAGE_KIND_QUESTION' AND answered_by IS NULL;

-- What marks the folder in which all replicas keep their files.
CREATE TABLE files_folder (
    place BIGINT NOT NULL PRIMARY KEY CONSTRAINT files_folder_one CHECK (place = 1),
    mark TEXT NOT NULL
);

-- A row stands for a file that is whole in the object store, under <case>/<file>/<upload>/<part>.
CREATE TABLE files (
    file_id TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    seq BIGINT NOT NULL,
    upload TEXT NOT NULL,
    compartment TEXT NOT NULL CONSTRAINT files_compartment CHECK (compartment IN ('request', 'thread')),
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    size BIGINT NOT NULL CONSTRAINT files_size CHECK (size > 0),
    seal_header BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    ciphertext BYTEA NOT NULL,
    tag BYTEA NOT NULL CONSTRAINT files_tag CHECK (length(tag) = 32),
    commitment BYTEA NOT NULL,
    CONSTRAINT files_file UNIQUE (file_id),
    CONSTRAINT files_place UNIQUE (case_id, seq)
);
CREATE INDEX files_of_compartment ON files (case_id, compartment, seq);

-- What the requester is shown, put together from the events of triage and grants.
CREATE TABLE case_view (
    case_id TEXT NOT NULL PRIMARY KEY REFERENCES requests (case_id),
    -- The name that triage gave the case; not there while triage has not been heard to open it.
    codename TEXT,
    lane BIGINT NOT NULL CONSTRAINT case_view_lane CHECK (lane IN (1, 2, 3)),
    progress TEXT NOT NULL CONSTRAINT case_view_progress CHECK (progress IN ('received', 'acknowledged', 'assessed',
        'closed')),
    asked_to_stop BIGINT NOT NULL CONSTRAINT case_view_asked CHECK (asked_to_stop IN (0, 1)),
    stop TEXT NOT NULL CONSTRAINT case_view_stop CHECK (stop IN ('none', 'paused', 'held', 'withdrawn')),
    money_stopped BIGINT NOT NULL CONSTRAINT case_view_money CHECK (money_stopped IN (0, 1)),
    -- When the requester was last heard of, here or on another channel.
    heard_at BIGINT,
    answer_by BIGINT
);

CREATE TABLE view_steps (
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    place BIGINT NOT NULL,
    -- The event it comes from.
    source TEXT NOT NULL,
    what TEXT NOT NULL,
    at BIGINT NOT NULL,
    about TEXT,
    PRIMARY KEY (case_id, place),
    CONSTRAINT view_steps_source UNIQUE (case_id, source)
);

CREATE TABLE view_needs (
    need_id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    place BIGINT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL CONSTRAINT view_needs_outcome CHECK (outcome IN ('open', 'given', 'recommended', 'covered',
        'referred', 'declined')),
    reason TEXT,
    since BIGINT NOT NULL
);
CREATE INDEX view_needs_of_case ON view_needs (case_id, place);

CREATE TABLE view_grants (
    grant_id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES requests (case_id),
    drafted_at BIGINT NOT NULL,
    stage TEXT NOT NULL CONSTRAINT view_grants_stage CHECK (stage IN ('draft', 'in_approval', 'approved', 'active',
        'reporting', 'closing', 'closed', 'rejected', 'withdrawn', 'terminated')),
    proposal TEXT NOT NULL CONSTRAINT view_grants_proposal CHECK (proposal IN ('not_shown', 'shown', 'agreed',
        'disagreed')),
    proposal_message TEXT,
    agreement TEXT NOT NULL CONSTRAINT view_grants_agreement CHECK (agreement IN ('not_shown', 'shown', 'accepted',
        'refused')),
    agreement_message TEXT,
    currency TEXT NOT NULL,
    ceiling BIGINT NOT NULL CONSTRAINT view_grants_ceiling CHECK (ceiling >= 0),
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    vote_due BIGINT,
    report_due BIGINT,
    -- When it came to an end. Unless they were recommended later, its needs are given if it ran its course, else open.
    over_at BIGINT
);
CREATE INDEX view_grants_of_case ON view_grants (case_id, drafted_at, grant_id);

CREATE TABLE view_grant_needs (
    grant_id TEXT NOT NULL REFERENCES view_grants (grant_id),
    case_id TEXT NOT NULL,
    need_id TEXT NOT NULL,
    PRIMARY KEY (grant_id, need_id)
);
CREATE INDEX view_grant_needs_of_case ON view_grant_needs (case_id, grant_id, need_id);

CREATE TABLE view_tranches (
    tranche_id TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES view_grants (grant_id),
    case_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CONSTRAINT view_tranches_amount CHECK (amount >= 0),
    state TEXT NOT NULL CONSTRAINT view_tranches_state CHECK (state IN ('scheduled', 'released', 'sent', 'in_doubt',
        'arrived', 'returned', 'lost'))
);
CREATE INDEX view_tranches_of_case ON view_tranches (case_id, grant_id, place);
