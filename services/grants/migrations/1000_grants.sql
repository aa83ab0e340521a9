-- Grants, and what other services told about their cases and about staff. Amounts are minor units. Content stands only in
-- sealed_fields, sealed. A check that meets NULL passes; one that must not says IS NOT NULL. So whatever a rule asks for is
-- never an empty text: that would be there, and be nobody.

-- What triage told about a case. `money` is what was asked about all of it at the newest version of the case that grants
-- has heard of in this; a grant drafted later starts with it.
CREATE TABLE cases (
    case_id TEXT NOT NULL PRIMARY KEY,
    -- The name that triage gave it; not there while triage has not been heard to open it.
    codename TEXT,
    lane BIGINT NOT NULL CHECK (lane IN (1, 2, 3)),
    money TEXT NOT NULL CHECK (money IN ('free', 'held', 'stopped')),
    money_version BIGINT NOT NULL CHECK (money_version >= 0),
    closed BIGINT NOT NULL CHECK (closed IN (0, 1))
);

-- The needs of a case that a grant was recommended for. One whose grant came to nothing is recommended no longer.
CREATE TABLE recommended_needs (
    case_id TEXT NOT NULL,
    need_id TEXT NOT NULL,
    PRIMARY KEY (case_id, need_id)
);

-- The references of a case. `confirmed`: the newest check, by `checked_by`, is independent, sure enough and confirms.
CREATE TABLE case_references (
    case_id TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    -- Not there while only a check of it was heard of.
    fingerprint BYTEA,
    confirmed BIGINT NOT NULL CHECK (confirmed IN (0, 1)),
    checked_by TEXT CHECK (checked_by <> ''),
    CHECK (confirmed = 0 OR checked_by IS NOT NULL),
    PRIMARY KEY (case_id, reference_id)
);

-- What identity told about a person: who may vote, and the key that their votes verify under.
CREATE TABLE staff (
    staff_id TEXT NOT NULL PRIMARY KEY,
    roles BIGINT NOT NULL,
    signing_key BYTEA,
    active BIGINT NOT NULL CHECK (active IN (0, 1))
);

CREATE TABLE grants (
    grant_id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL,
    -- The name of its case.
    codename TEXT NOT NULL,
    proposer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    lane BIGINT NOT NULL CHECK (lane IN (1, 2, 3)),
    stage TEXT NOT NULL CHECK (stage IN ('draft', 'in_approval', 'returned', 'approved', 'active', 'reporting',
        'closing', 'closed', 'rejected', 'withdrawn', 'terminated')),
    money TEXT NOT NULL CHECK (money IN ('free', 'held', 'stopped')),

    -- The terms that are listed; the sealed ones are in sealed_fields, the newest version counts.
    currency TEXT NOT NULL,
    ceiling BIGINT NOT NULL CHECK (ceiling > 0),
    start_on TEXT NOT NULL,
    end_on TEXT NOT NULL,
    pay_by TEXT NOT NULL,
    costs_from TEXT,
    support_kind TEXT NOT NULL,
    payment_method TEXT NOT NULL,
    mode TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,

    -- What the requester saw before the votes.
    proposal_message TEXT,
    proposal_told_by TEXT,
    proposal_shown_at BIGINT,
    proposal_answer TEXT CHECK (proposal_answer IN ('agrees', 'refuses')),

    -- The votes.
    votes_required BIGINT NOT NULL,
    round BIGINT NOT NULL CHECK (round >= 1),
    approvals BIGINT NOT NULL CHECK (approvals >= 0),
    approval_due BIGINT,
    approval_next BIGINT,

    -- The gates, and what they rest on.
    verified TEXT CHECK (verified IN ('references', 'override')),
    verified_by TEXT CHECK (verified_by <> ''),
    verified_reason TEXT CHECK (verified_reason <> ''),
    voted BIGINT NOT NULL CHECK (voted IN (0, 1)),
    payee_checked BIGINT NOT NULL CHECK (payee_checked IN (0, 1)),
    agreed BIGINT NOT NULL CHECK (agreed IN (0, 1)),
    funded BIGINT NOT NULL CHECK (funded IN (0, 1)),
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    -- What the payments come to that did not come back; of these, contested: noted as returned, then reported as arrived.
    committed BIGINT NOT NULL CHECK (committed >= 0),
    contested BIGINT NOT NULL CHECK (contested >= 0),

    report TEXT CHECK (report IN ('received', 'oral', 'deferred', 'waived')),
    report_reason TEXT,
    report_due BIGINT,
    report_next BIGINT,
    close_due BIGINT,
    close_next BIGINT,

    -- Whether finance has something to do, and until when.
    for_finance BIGINT NOT NULL CHECK (for_finance IN (0, 1)),
    finance_due BIGINT,

    -- Until when a draft or returned grant is to be submitted, and when somebody is reminded of it next.
    draft_due BIGINT,
    draft_next BIGINT,

    -- Lists leave out what has no place in their order.
    CHECK (stage <> 'in_approval' OR approval_due IS NOT NULL),
    CHECK ((for_finance = 1) = (finance_due IS NOT NULL)),
    CONSTRAINT grants_proposer UNIQUE (grant_id, proposer),
    CONSTRAINT grants_dates CHECK (start_on <= end_on AND pay_by >= start_on),
    CONSTRAINT grants_within_ceiling CHECK (committed - contested <= ceiling),
    CONSTRAINT grants_override_by_another CHECK (verified <> 'override'
        OR (verified_by IS NOT NULL AND verified_by <> proposer AND verified_reason IS NOT NULL)),
    CONSTRAINT grants_votes_of_two CHECK (votes_required BETWEEN 2 AND 9),
    CONSTRAINT grants_voted_by_enough CHECK (voted = 0 OR approvals >= votes_required),
    CONSTRAINT grants_funded_in_full CHECK (funded = 0 OR reserved >= ceiling),
    CONSTRAINT grants_money_after_the_votes CHECK (stage NOT IN ('approved', 'active') OR voted = 1),
    CONSTRAINT grants_active_through_five_gates CHECK (stage <> 'active'
        OR (verified IS NOT NULL AND voted = 1 AND payee_checked = 1 AND agreed = 1 AND funded = 1))
);
CREATE INDEX grants_of_case ON grants (case_id, created_at, grant_id);
CREATE INDEX grants_to_vote ON grants (approval_due, grant_id) WHERE stage = 'in_approval';
CREATE INDEX grants_for_finance ON grants (lane, finance_due, grant_id) WHERE for_finance = 1;

CREATE TABLE grant_needs (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    position BIGINT NOT NULL,
    need_id TEXT NOT NULL,
    PRIMARY KEY (grant_id, position),
    CONSTRAINT grant_needs_once UNIQUE (grant_id, need_id)
);

-- Every version of every sealed field.
CREATE TABLE sealed_fields (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    epoch BIGINT NOT NULL CHECK (epoch >= 1),
    ciphertext BYTEA NOT NULL,
    tag BYTEA NOT NULL,
    commitment BYTEA NOT NULL,
    PRIMARY KEY (grant_id, name, version)
);

-- The keys of a grant's compartments, as `flare_store::keys` keeps them; `stream` is the grant.
CREATE TABLE key_epochs (
    stream TEXT NOT NULL REFERENCES grants (grant_id),
    compartment TEXT NOT NULL CONSTRAINT key_epochs_compartment CHECK (compartment IN ('proposal', 'payment')),
    epoch BIGINT NOT NULL CONSTRAINT key_epochs_epoch CHECK (epoch >= 1),
    -- Who vouches for the key, as they gave it.
    author BYTEA,
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

-- What each round of voting was about, as the bytes whose SHA-256 the votes sign. No content is in it.
CREATE TABLE submissions (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    round BIGINT NOT NULL,
    submitted_by TEXT NOT NULL,
    submitted_at BIGINT NOT NULL,
    shown BYTEA NOT NULL,
    PRIMARY KEY (grant_id, round)
);

-- Votes of earlier rounds stay, and count no more.
CREATE TABLE votes (
    grant_id TEXT NOT NULL,
    round BIGINT NOT NULL,
    voter TEXT NOT NULL,
    proposer TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('DECISION_APPROVE', 'DECISION_APPROVE_WITH_CONDITIONS', 'DECISION_RETURN',
        'DECISION_REJECT')),
    voted_at BIGINT NOT NULL,
    shown_digest BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    -- The version of the sealed words, where there are any.
    words BIGINT,
    CONSTRAINT votes_once PRIMARY KEY (grant_id, round, voter),
    CONSTRAINT votes_not_proposer CHECK (voter <> proposer),
    FOREIGN KEY (grant_id, proposer) REFERENCES grants (grant_id, proposer),
    FOREIGN KEY (grant_id, round) REFERENCES submissions (grant_id, round)
);

CREATE TABLE conflicts (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    approver TEXT NOT NULL,
    reason TEXT NOT NULL,
    declared_at BIGINT NOT NULL,
    CONSTRAINT conflicts_once PRIMARY KEY (grant_id, approver)
);

CREATE TABLE payees (
    grant_id TEXT NOT NULL PRIMARY KEY REFERENCES grants (grant_id),
    version BIGINT NOT NULL CHECK (version >= 1),
    fingerprint BYTEA NOT NULL,
    entered_by TEXT NOT NULL,
    is_reference BIGINT NOT NULL CHECK (is_reference IN (0, 1)),
    checked_by TEXT CHECK (checked_by <> ''),
    checked_at BIGINT,
    sanctions_on TEXT,
    CONSTRAINT payees_checked_by_another CHECK (checked_by <> entered_by),
    CONSTRAINT payees_checked_is_no_reference CHECK (checked_by IS NULL OR is_reference = 0)
);

CREATE TABLE agreements (
    grant_id TEXT NOT NULL PRIMARY KEY,
    proposer TEXT NOT NULL,
    message_id TEXT CHECK (message_id <> ''),
    agreed_by TEXT CHECK (agreed_by <> ''),
    -- Who heard it, when it was given by voice.
    witness TEXT CHECK (witness <> ''),
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    answer TEXT CHECK (answer IN ('accepted', 'declined', 'donor_refused')),
    CONSTRAINT agreements_one_way CHECK ((message_id IS NULL) <> (agreed_by IS NULL)),
    CONSTRAINT agreements_witnessed CHECK ((agreed_by IS NULL) = (witness IS NULL)
        AND witness <> recorded_by AND witness <> proposer),
    FOREIGN KEY (grant_id, proposer) REFERENCES grants (grant_id, proposer)
);

CREATE TABLE reservations (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    number BIGINT NOT NULL CHECK (number >= 1),
    fund TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    reserved_by TEXT NOT NULL,
    reserved_at BIGINT NOT NULL,
    released BIGINT NOT NULL CHECK (released IN (0, 1)),
    PRIMARY KEY (grant_id, number)
);

CREATE TABLE advances (
    grant_id TEXT NOT NULL PRIMARY KEY,
    proposer TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    first_by TEXT NOT NULL,
    second_by TEXT CHECK (second_by <> ''),
    -- What was paid or is scheduled out of it; what came back after it was sent has used it up too.
    used BIGINT NOT NULL CHECK (used >= 0),
    CONSTRAINT advances_by_two CHECK (second_by <> first_by),
    CONSTRAINT advances_within CHECK (used = 0 OR (second_by IS NOT NULL AND used <= amount)),
    CONSTRAINT advances_not_proposer CHECK (first_by <> proposer AND second_by <> proposer),
    FOREIGN KEY (grant_id, proposer) REFERENCES grants (grant_id, proposer)
);

CREATE TABLE tranches (
    tranche_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    proposer TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    due TEXT NOT NULL,
    advance BIGINT NOT NULL CHECK (advance IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'released', 'sent', 'in_doubt', 'arrived', 'returned', 'lost')),
    released_by TEXT CHECK (released_by <> ''),
    sent_at BIGINT,
    -- When its arrival is asked after next, while it is under way.
    arrival_next BIGINT,
    arrived BIGINT,
    write_off_by TEXT CHECK (write_off_by <> ''),
    write_off_reason TEXT CHECK (write_off_reason <> ''),
    lost_by TEXT CHECK (lost_by <> ''),
    -- Who confirmed that it came back after it was sent.
    returned_by TEXT CHECK (returned_by <> ''),
    CONSTRAINT tranches_once PRIMARY KEY (tranche_id),
    CONSTRAINT tranches_number UNIQUE (grant_id, number),
    CONSTRAINT tranches_released_by_another CHECK (released_by <> proposer),
    CONSTRAINT tranches_money_was_released CHECK (state IN ('scheduled', 'returned') OR released_by IS NOT NULL),
    CONSTRAINT tranches_arrived_within CHECK (arrived BETWEEN 1 AND amount
        AND (state = 'arrived') = (arrived IS NOT NULL)),
    CONSTRAINT tranches_lost_by_two CHECK (state <> 'lost'
        OR (write_off_by IS NOT NULL AND lost_by IS NOT NULL AND lost_by <> write_off_by)),
    CONSTRAINT tranches_returned_by_another CHECK ((state <> 'returned' OR sent_at IS NULL OR returned_by IS NOT NULL)
        AND returned_by <> released_by AND returned_by <> proposer),
    FOREIGN KEY (grant_id, proposer) REFERENCES grants (grant_id, proposer)
);

CREATE TABLE closings (
    grant_id TEXT NOT NULL PRIMARY KEY REFERENCES grants (grant_id),
    outcome TEXT NOT NULL,
    unspent BIGINT NOT NULL CHECK (unspent >= 0),
    -- Under the light threshold one person is enough.
    light BIGINT NOT NULL CHECK (light IN (0, 1)),
    proposed_by TEXT NOT NULL,
    confirmed_by TEXT CHECK (confirmed_by <> ''),
    CONSTRAINT closings_by_two CHECK (light = 1 OR confirmed_by <> proposed_by)
);
