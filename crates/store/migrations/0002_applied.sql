-- The hash of every event that had its effect here, as its producer logged it. By it an event that comes again is told
-- from another under the same number, and the next event from one of another history.
CREATE TABLE applied (
    producer TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (producer, stream, seq)
);
