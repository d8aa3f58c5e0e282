-- Transactions of settlements and of starts, written down before they are sent: after a kill the next run looks each
-- of them up, sends the same bytes again while they can land, and signs another only when they no longer can.

DROP TABLE indexer.settlement;

-- What is done for a job before its next settlement: each (job, period) is paid once.
CREATE TABLE indexer.settlement (
    job bytea NOT NULL CHECK (octet_length(job) = 32),
    -- Settlements of the job before this one.
    period bigint NOT NULL,
    action text NOT NULL CHECK (action IN ('settled', 'released', 'lapsed', 'finished')),
    -- Nodes that the job had had when this was due.
    assignment integer NOT NULL,
    -- Of work, paid with it; 0: none.
    seconds bigint NOT NULL,
    -- signed: it may have been sent; sent: a node was given it; confirmed: it is on the chain; expired: it never will
    -- be; refused: by the chain, which paid nothing; overtaken: refused before, and not due any more.
    state text NOT NULL CHECK (state IN ('signed', 'sent', 'confirmed', 'expired', 'refused', 'overtaken')),
    -- As it goes over the wire, while it may land.
    transaction bytea,
    -- Of the last one that was signed; NULL where it was refused before that.
    signature text,
    last_valid_block_height bigint,
    slot bigint,
    signings integer NOT NULL DEFAULT 0,
    refusals integer NOT NULL DEFAULT 0,
    -- Why it was refused, the last time.
    reason text,
    signed_at timestamptz,
    sent_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (job, period),
    CHECK ((state IN ('signed', 'sent')) = (transaction IS NOT NULL)),
    CHECK (transaction IS NULL OR signature IS NOT NULL),
    CHECK ((signature IS NULL) = (last_valid_block_height IS NULL)),
    CHECK (state <> 'confirmed' OR (signature IS NOT NULL AND slot IS NOT NULL)),
    CHECK (state <> 'refused' OR reason IS NOT NULL)
);

-- The program pays what was worked since the last settlement, whichever period the sender had in mind: of two
-- transactions for a job that both may land, the second could pay another period. So there is one at most.
CREATE UNIQUE INDEX settlement_open ON indexer.settlement (job) WHERE state IN ('signed', 'sent');
-- For whoever asks what waits, and whether the replay has seen what was confirmed.
CREATE INDEX settlement_refused ON indexer.settlement (job) WHERE state = 'refused';
CREATE INDEX settlement_confirmed ON indexer.settlement (slot) WHERE state = 'confirmed';

DROP TABLE indexer.assignment;

-- Starts that were signed, until the replay has seen them or they can no longer land: meanwhile they take room.
CREATE TABLE indexer.assignment (
    job bytea NOT NULL CHECK (octet_length(job) = 32),
    assignment integer NOT NULL,
    node bytea NOT NULL CHECK (octet_length(node) = 32),
    processors bigint NOT NULL,
    transaction bytea NOT NULL,
    signature text NOT NULL,
    last_valid_block_height bigint NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now(),
    -- Where it is on the chain; NULL while that is not known.
    slot bigint,
    PRIMARY KEY (job, assignment)
);
