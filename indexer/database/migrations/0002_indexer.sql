-- What the indexer knows of itself.

CREATE SCHEMA indexer;

-- Up to where the chain was read. One row, moved only together with the rows of `chain`.
CREATE TABLE indexer.cursor (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    -- Which chain: hash of its first block.
    genesis_hash text NOT NULL,
    slot bigint NOT NULL,
    blockhash text NOT NULL,
    time bigint NOT NULL,
    -- Of the last block in chain.block; zeros before the first.
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);

-- What one of our programs said and nobody here understands. While there is anything, no score is published.
CREATE TABLE indexer.quarantine (
    slot bigint NOT NULL,
    tx_index integer NOT NULL,
    path integer NOT NULL,
    signature text NOT NULL,
    program text NOT NULL,
    reason text NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (slot, tx_index, path)
);

-- Runs of the replay that found something, for `ionet indexer status`.
CREATE TABLE indexer.replay (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ended_at timestamptz NOT NULL DEFAULT now(),
    slots bigint NOT NULL,
    transactions bigint NOT NULL,
    events bigint NOT NULL,
    seconds double precision NOT NULL
);

-- Epochs whose scores were computed, one after the other, and from what: blocks up to `until_slot`.
CREATE TABLE indexer.scored_epoch (
    epoch bigint PRIMARY KEY,
    until_slot bigint NOT NULL,
    rows bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);

-- An actor's score from `epoch` on, until its next row: only what does not follow from being idle is kept.
CREATE TABLE indexer.score (
    actor bytea NOT NULL CHECK (octet_length(actor) = 32),
    epoch bigint NOT NULL REFERENCES indexer.scored_epoch,
    points bigint NOT NULL,
    reputation integer NOT NULL CHECK (reputation BETWEEN 0 AND 10000),
    idle_epochs bigint NOT NULL,
    PRIMARY KEY (actor, epoch)
);

-- Work that is done once: the scores of an epoch, the close of an epoch, an hour's settlement.
CREATE TABLE indexer.run (
    kind text NOT NULL,
    period bigint NOT NULL,
    done_at timestamptz NOT NULL DEFAULT now(),
    detail text NOT NULL,
    PRIMARY KEY (kind, period)
);

-- Settlements that were sent: each (job, period) is paid once, whoever sends it how often.
CREATE TABLE indexer.settlement (
    job bytea NOT NULL CHECK (octet_length(job) = 32),
    period bigint NOT NULL,
    signature text,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, period)
);

-- IO base units minted before the emission took the mint over; kept because nodes forget. One row.
CREATE TABLE indexer.genesis_supply (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    amount chain.u64 NOT NULL
);
