-- Who must know what, until when. Ids, codes and times only; never a word of a case.

-- Staff as identity tells of them.
CREATE TABLE directory (
    staff_id TEXT NOT NULL PRIMARY KEY,
    roles BIGINT NOT NULL,
    active BIGINT NOT NULL CHECK (active IN (0, 1))
);
CREATE INDEX directory_active ON directory (staff_id) WHERE active = 1;

-- What routing needs to know of a case, and the name that triage gave it. Events come in any order, so each of these may
-- not be there yet.
CREATE TABLE cases (
    case_id TEXT NOT NULL PRIMARY KEY,
    codename TEXT,
    lane BIGINT CHECK (lane BETWEEN 1 AND 3),
    owner TEXT
);

-- What routing needs to know of a grant. `active`: its money may be released.
CREATE TABLE grants (
    grant_id TEXT NOT NULL PRIMARY KEY,
    proposer TEXT NOT NULL,
    active BIGINT NOT NULL CHECK (active IN (0, 1))
);

-- One notice for each event and person; one that is passed on names the notice it comes from as its event. `about` is the
-- thing whose next step settles it: a case, grant, tranche or need. `audience` is who is told instead when the person has
-- no access any more.
CREATE TABLE notices (
    notice_id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    lane BIGINT NOT NULL CHECK (lane BETWEEN 1 AND 3),
    case_id TEXT NOT NULL,
    grant_id TEXT,
    about TEXT NOT NULL,
    ask TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('officers', 'heads', 'finance', 'owner')),
    due BIGINT,
    raised BIGINT NOT NULL,
    read_at BIGINT,
    settled_at BIGINT,
    CONSTRAINT notices_once UNIQUE (event_id, staff_id)
);
CREATE INDEX notices_inbox ON notices (staff_id, lane, raised, notice_id) WHERE read_at IS NULL AND settled_at IS NULL;
CREATE INDEX notices_open_staff ON notices (staff_id) WHERE settled_at IS NULL;
CREATE INDEX notices_open_about ON notices (about, ask) WHERE settled_at IS NULL;
CREATE INDEX notices_open_grant ON notices (grant_id) WHERE settled_at IS NULL;
CREATE INDEX notices_open_case ON notices (case_id) WHERE settled_at IS NULL;

-- When an ask about a thing was last settled ('*': every ask), by an event of each stream. Events of different streams
-- arrive in any order: an event that is older than what settled its notice must not raise it any more. Those of one
-- stream are applied in their order, whatever their times say.
CREATE TABLE settlements (
    about TEXT NOT NULL,
    ask TEXT NOT NULL,
    producer TEXT NOT NULL,
    stream TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (about, ask, producer, stream)
);

-- The queue of each approver on the broker: whether it was made.
CREATE TABLE approver_queues (
    staff_id TEXT NOT NULL PRIMARY KEY,
    ensured BIGINT NOT NULL CHECK (ensured IN (0, 1)),
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX approver_queues_next ON approver_queues (due) WHERE ensured = 0;

-- Notices that go to an approver's queue too. `due` is when one may be tried (again); `done_at` is set once it was
-- published, or is no longer needed.
CREATE TABLE approver_messages (
    notice_id TEXT NOT NULL PRIMARY KEY REFERENCES notices (notice_id),
    lane BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX approver_messages_next ON approver_messages (lane, due) WHERE done_at IS NULL;
