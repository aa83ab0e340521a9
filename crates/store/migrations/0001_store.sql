-- What every service's database holds besides its own tables.

-- One row for each thing with a history. Locking the row is what puts writers of that thing in order. `at` is the time of
-- its last event: the next is never older.
CREATE TABLE streams (
    stream TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL CHECK (seq >= 0),
    head BYTEA NOT NULL,
    at BIGINT NOT NULL
);

-- The append-only log: audit trail and source of every message. Erasing blanks payload, actor and salt; digest and
-- hash stay, so the chain can still be verified.
CREATE TABLE events (
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq >= 1),
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload BYTEA,
    actor TEXT,
    at BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    salt BYTEA,
    digest BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    trace TEXT NOT NULL,
    PRIMARY KEY (stream, seq),
    CONSTRAINT events_event_id UNIQUE (event_id)
);

-- Events that the broker has not confirmed yet. `due` is when one may be claimed (again); `claim` names who holds it.
CREATE TABLE outbox (
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    claim TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (stream, seq)
);
CREATE INDEX outbox_next ON outbox (lane, queued_at, due);
CREATE INDEX outbox_claim ON outbox (claim) WHERE claim <> '';

-- Events received and not applied yet.
CREATE TABLE inbox (
    producer TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (producer, stream, seq)
);
CREATE INDEX inbox_next ON inbox (lane, received_at);

-- How far each producer's stream has been applied. `held_until` is in the future while it waits to be tried again;
-- `reason` is set while it is quarantined and waits for a person.
CREATE TABLE cursors (
    producer TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    held_until BIGINT NOT NULL,
    reason TEXT,
    quarantined_at BIGINT,
    PRIMARY KEY (producer, stream)
);
CREATE INDEX cursors_quarantined ON cursors (producer, stream) WHERE reason IS NOT NULL;

-- What must happen later. Setting one again replaces it; a generation that has passed never fires.
CREATE TABLE timers (
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    generation BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (stream, kind)
);
CREATE INDEX timers_due ON timers (due);

-- The first answer to each mutating call, for whoever repeats it.
CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    rpc TEXT NOT NULL,
    request_id TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    reply BYTEA,
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, rpc, request_id)
);
CREATE INDEX idempotency_at ON idempotency (at);
