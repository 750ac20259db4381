CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    store_id BLOB NOT NULL CHECK (length(store_id) = 16)
) STRICT;

CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    head_version INTEGER NOT NULL,
    head_hash BLOB NOT NULL
) STRICT;

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    schema INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    data BLOB NOT NULL,
    private BLOB,
    evidence BLOB,
    hash BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_stream ON events (stream_id, version);

-- The opening of events.private; a row without one was dropped.
CREATE TABLE private_parts (
    position INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- One raw message, at the position of the first event of the append that rests on it. Salt and bytes
-- are NULL when they were dropped.
CREATE TABLE evidence (
    position INTEGER PRIMARY KEY,
    last_position INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    salt BLOB,
    bytes BLOB
) STRICT;

CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    spki_der BLOB
) STRICT;

-- Short rows, looked up by their whole key and nothing else.
CREATE TABLE claims (
    kind INTEGER NOT NULL,
    account TEXT NOT NULL,
    number TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    PRIMARY KEY (kind, account, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    value BLOB NOT NULL
) STRICT;
