-- Cases: where each stands, what waits for whom, and the sealed words of staff.

-- One row for each case. Where it stands is several facts at once; the stage people see is worked out from them.
CREATE TABLE cases (
    case_id TEXT NOT NULL PRIMARY KEY,
    -- The name that people say, given with the row and never changed.
    codename TEXT NOT NULL CONSTRAINT cases_codename UNIQUE,
    lane BIGINT NOT NULL,
    submitted BIGINT NOT NULL,
    owner TEXT,
    -- How far our work is, whatever else holds it up.
    work TEXT NOT NULL,
    -- Some recommended need has no grant yet that may help.
    to_draft BIGINT NOT NULL,
    awaiting BIGINT NOT NULL,
    paused_by TEXT,
    held_by TEXT,
    ended TEXT,
    exit TEXT,
    -- Whom its grants that are not over wait for.
    grants_wait TEXT,
    has_news BIGINT NOT NULL,
    in_queue BIGINT NOT NULL,
    -- Its place in the queue: whose act comes next, and when what is next is due, at the end of time where nothing is. A row
    -- that is overdue stands a lane higher, which the statements of the queue see to.
    waits_for TEXT NOT NULL,
    queue_due BIGINT NOT NULL,
    -- Our clock: what has run, and since when it runs; no since while we wait for the requester.
    clock_spent BIGINT NOT NULL,
    clock_since BIGINT,
    -- The step that is due from us. Either it is due at an instant, or so much is left once it goes on.
    step TEXT,
    step_due BIGINT,
    step_left BIGINT,
    step_alarm BIGINT,
    step_reminders BIGINT NOT NULL,
    welfare_due BIGINT,
    referral_due BIGINT,
    -- What grants was last asked to do with the money of this case, at which version of it, and whether it has answered.
    money_kind TEXT,
    money_stop TEXT,
    money_version BIGINT,
    money_attempts BIGINT NOT NULL,
    money_due BIGINT,
    CONSTRAINT cases_lane CHECK (lane BETWEEN 1 AND 3),
    CONSTRAINT cases_work CHECK (work IN ('submitted', 'acknowledged', 'assessing', 'decided')),
    CONSTRAINT cases_owned CHECK (work = 'submitted' OR owner IS NOT NULL),
    CONSTRAINT cases_flags CHECK (to_draft IN (0, 1) AND awaiting IN (0, 1) AND has_news IN (0, 1) AND in_queue IN (0, 1)),
    CONSTRAINT cases_ended CHECK (ended IS NULL OR ended IN ('withdrawn', 'closed')),
    CONSTRAINT cases_exit CHECK (
        exit IS NULL
        OR (COALESCE(ended, '') = 'closed' AND exit IN ('helped', 'referred', 'declined', 'withdrawn', 'unreachable', 'duplicate'))
    ),
    CONSTRAINT cases_closed_with_exit CHECK (ended IS NULL OR ended <> 'closed' OR exit IS NOT NULL),
    -- An open case is never out of sight.
    CONSTRAINT cases_in_queue CHECK (in_queue = CASE WHEN ended IS NULL OR has_news = 1 THEN 1 ELSE 0 END),
    CONSTRAINT cases_grants_wait CHECK (grants_wait IS NULL OR grants_wait IN ('us', 'votes', 'grant')),
    CONSTRAINT cases_waits_for CHECK (waits_for IN ('us', 'requester', 'votes', 'referral', 'grant')),
    -- What a requester wrote is never folded away.
    CONSTRAINT cases_news_is_ours CHECK (has_news = 0 OR waits_for = 'us'),
    CONSTRAINT cases_clock CHECK (clock_spent >= 0 AND (ended IS NULL OR clock_since IS NULL)),
    CONSTRAINT cases_step CHECK (step IS NULL OR step IN ('acknowledge', 'assess', 'outcome', 'draft')),
    CONSTRAINT cases_step_time CHECK (
        (step IS NULL AND step_due IS NULL AND step_left IS NULL AND step_alarm IS NULL)
        OR (step IS NOT NULL AND step_due IS NOT NULL AND step_alarm IS NOT NULL AND step_left IS NULL)
        OR (step IS NOT NULL AND step_due IS NULL AND step_alarm IS NULL AND step_left IS NOT NULL)
    ),
    CONSTRAINT cases_money_kind CHECK (money_kind IS NULL OR money_kind IN ('hold', 'free', 'stop')),
    CONSTRAINT cases_money_stop CHECK (money_stop IS NULL OR money_stop IN ('asked', 'done')),
    CONSTRAINT cases_money_asked CHECK (
        money_stop IS NULL
        OR (money_kind IS NOT NULL AND money_version IS NOT NULL
            -- What is due at no time would never be asked again, and stand in the way of all others.
            AND (money_stop <> 'asked' OR money_due IS NOT NULL))
    )
);
CREATE INDEX cases_queue ON cases (waits_for, lane, queue_due, submitted, case_id) WHERE in_queue = 1;
CREATE INDEX cases_of_owner ON cases (owner, waits_for, lane, queue_due, submitted, case_id) WHERE in_queue = 1;
CREATE INDEX cases_money_due ON cases (money_due, case_id) WHERE money_stop = 'asked';

-- Every pause and inquiry, and who ended it: never whoever began it, and an inquiry only as a head.
CREATE TABLE stops (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    number BIGINT NOT NULL,
    how TEXT NOT NULL,
    reason TEXT NOT NULL,
    begun_by TEXT NOT NULL,
    begun BIGINT NOT NULL,
    ended_by TEXT,
    ended BIGINT,
    ended_by_head BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT stops_once PRIMARY KEY (case_id, number),
    CONSTRAINT stops_how CHECK (how IN ('paused', 'held')),
    CONSTRAINT stops_two_people CHECK (ended_by IS NULL OR ended_by <> begun_by),
    CONSTRAINT stops_ended CHECK ((ended_by IS NULL) = (ended IS NULL)),
    CONSTRAINT stops_inquiry_by_head CHECK (
        ended_by_head IN (0, 1) AND (how <> 'held' OR ended_by IS NULL OR ended_by_head = 1)
    )
);
CREATE UNIQUE INDEX stops_running ON stops (case_id, how) WHERE ended IS NULL;

-- The keys of a case's notes, as `flare_store::keys` keeps them; `stream` is the case.
CREATE TABLE key_epochs (
    stream TEXT NOT NULL REFERENCES cases (case_id),
    compartment TEXT NOT NULL CONSTRAINT key_epochs_compartment CHECK (compartment = 'notes'),
    epoch BIGINT NOT NULL CONSTRAINT key_epochs_epoch CHECK (epoch >= 1),
    -- Who vouches for the key, as they gave it.
    author BYTEA,
    PRIMARY KEY (stream, compartment, epoch),
    -- Sealed words name no compartment: all of them are notes.
    CONSTRAINT key_epochs_of_notes UNIQUE (stream, epoch)
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

-- Sealed words, every version of them.
CREATE TABLE sealed_fields (
    case_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    ciphertext BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    commitment BYTEA NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT sealed_fields_once PRIMARY KEY (case_id, name, version),
    CONSTRAINT sealed_fields_version CHECK (version >= 1),
    CONSTRAINT sealed_fields_epoch FOREIGN KEY (case_id, epoch) REFERENCES key_epochs (stream, epoch)
);

CREATE TABLE persons (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    person_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    CONSTRAINT persons_once PRIMARY KEY (case_id, person_id),
    CONSTRAINT persons_status CHECK (status IN ('safe', 'unreachable', 'detained', 'missing', 'dead', 'unknown'))
);

CREATE TABLE needs (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    need_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    -- Of a decline: its code, and the message that says it to the requester.
    reason TEXT,
    message_id TEXT,
    -- Who declined it last, and who had that decided anew: never the same person.
    declined_by TEXT,
    reviewed_by TEXT,
    -- The referral that it is out on.
    referral_id TEXT,
    CONSTRAINT needs_once PRIMARY KEY (case_id, need_id),
    CONSTRAINT needs_kind CHECK (kind IN (
        'medical', 'legal', 'relocation', 'equipment', 'subsistence', 'psychosocial', 'digital', 'family', 'continuity'
    )),
    CONSTRAINT needs_outcome CHECK (outcome IN (
        'open', 'given', 'recommended', 'covered', 'referred', 'referral_accepted', 'declined', 'granted'
    )),
    -- Nothing is declined without a code and words that the requester can read.
    CONSTRAINT needs_declined_in_words CHECK (
        (outcome = 'declined') = (reason IS NOT NULL) AND (reason IS NULL) = (message_id IS NULL)
        AND (outcome <> 'declined' OR declined_by IS NOT NULL)
    ),
    CONSTRAINT needs_reviewed_by_another CHECK (
        reviewed_by IS NULL OR (declined_by IS NOT NULL AND reviewed_by <> declined_by)
    )
);
CREATE TABLE need_persons (
    case_id TEXT NOT NULL,
    need_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    CONSTRAINT need_persons_once PRIMARY KEY (case_id, need_id, person_id),
    CONSTRAINT need_persons_need FOREIGN KEY (case_id, need_id) REFERENCES needs (case_id, need_id),
    CONSTRAINT need_persons_person FOREIGN KEY (case_id, person_id) REFERENCES persons (case_id, person_id)
);

CREATE TABLE referrals (
    case_id TEXT NOT NULL,
    referral_id TEXT NOT NULL,
    need_id TEXT NOT NULL,
    state TEXT NOT NULL,
    sent BIGINT NOT NULL,
    due BIGINT NOT NULL,
    CONSTRAINT referrals_once PRIMARY KEY (case_id, referral_id),
    CONSTRAINT referrals_need FOREIGN KEY (case_id, need_id) REFERENCES needs (case_id, need_id),
    CONSTRAINT referrals_state CHECK (state IN ('sent', 'accepted', 'refused', 'unanswered'))
);

CREATE TABLE recommendations (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    number BIGINT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    relevance_to_context BIGINT,
    potential_for_result BIGINT,
    fit_with_what_we_support BIGINT,
    quality_and_feasibility BIGINT,
    added_value BIGINT,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT recommendations_once PRIMARY KEY (case_id, number),
    CONSTRAINT recommendations_amount CHECK (minor_units > 0),
    CONSTRAINT recommendations_scores CHECK (
        (relevance_to_context IS NULL AND potential_for_result IS NULL AND fit_with_what_we_support IS NULL
         AND quality_and_feasibility IS NULL AND added_value IS NULL)
        OR (relevance_to_context BETWEEN 0 AND 4 AND potential_for_result BETWEEN 0 AND 4
            AND fit_with_what_we_support BETWEEN 0 AND 4 AND quality_and_feasibility BETWEEN 0 AND 4
            AND added_value BETWEEN 0 AND 4)
    )
);
CREATE TABLE recommended_needs (
    case_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    place BIGINT NOT NULL,
    need_id TEXT NOT NULL,
    CONSTRAINT recommended_needs_once PRIMARY KEY (case_id, number, place),
    CONSTRAINT recommended_needs_of FOREIGN KEY (case_id, number) REFERENCES recommendations (case_id, number),
    CONSTRAINT recommended_needs_need FOREIGN KEY (case_id, need_id) REFERENCES needs (case_id, need_id)
);

CREATE TABLE case_references (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    reference_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    fingerprint BYTEA NOT NULL,
    method TEXT,
    confidence TEXT,
    result TEXT,
    independent BIGINT NOT NULL,
    checked_by TEXT,
    checked BIGINT,
    CONSTRAINT case_references_once PRIMARY KEY (case_id, reference_id),
    CONSTRAINT case_references_fingerprint UNIQUE (case_id, fingerprint),
    CONSTRAINT case_references_method CHECK (
        method IS NULL OR method IN ('secure_message', 'call', 'mail', 'in_person', 'public_record')
    ),
    CONSTRAINT case_references_confidence CHECK (confidence IS NULL OR confidence IN ('low', 'medium', 'high')),
    CONSTRAINT case_references_result CHECK (
        result IS NULL OR result IN ('confirms', 'contradicts', 'cannot_say')
    ),
    CONSTRAINT case_references_checked CHECK (
        independent IN (0, 1)
        AND (checked_by IS NULL) = (method IS NULL) AND (checked_by IS NULL) = (confidence IS NULL)
        AND (checked_by IS NULL) = (result IS NULL) AND (checked_by IS NULL) = (checked IS NULL)
    )
);

-- HMACs of ways to reach people, under a key that only the triage team holds. A payee's may come before its case does:
-- the histories of grants and of intake keep no order between them. So there is no foreign key here or below.
CREATE TABLE fingerprints (
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value BYTEA NOT NULL,
    CONSTRAINT fingerprints_once PRIMARY KEY (case_id, kind, value),
    CONSTRAINT fingerprints_kind CHECK (kind IN ('requester', 'reference', 'payee'))
);
CREATE INDEX fingerprints_value ON fingerprints (value, case_id);

-- What grants told of the grants of a case.
CREATE TABLE case_grants (
    case_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    CONSTRAINT case_grants_once PRIMARY KEY (case_id, grant_id),
    CONSTRAINT case_grants_stage CHECK (stage IN (
        'draft', 'in_approval', 'approved', 'active', 'reporting', 'closing', 'closed', 'rejected', 'withdrawn',
        'terminated'
    ))
);
CREATE TABLE grant_needs (
    case_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    need_id TEXT NOT NULL,
    CONSTRAINT grant_needs_once PRIMARY KEY (case_id, grant_id, need_id)
);

CREATE TABLE notes (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    note_id TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT notes_once PRIMARY KEY (case_id, note_id)
);

-- Contacts that happened outside Flare.
CREATE TABLE contacts (
    case_id TEXT NOT NULL REFERENCES cases (case_id),
    contact_id TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    channel TEXT NOT NULL,
    inbound BIGINT NOT NULL,
    reached BIGINT NOT NULL,
    CONSTRAINT contacts_once PRIMARY KEY (case_id, contact_id),
    CONSTRAINT contacts_channel CHECK (channel IN ('signal', 'phone', 'mail', 'peer', 'visit', 'other')),
    CONSTRAINT contacts_flags CHECK (inbound IN (0, 1) AND reached IN (0, 1))
);
