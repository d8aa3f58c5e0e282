-- Tables that grow with every minute of the network are cut by slot, so that their indexes stay small and the old can
-- be dropped whole (indexer/partitions.py makes and drops the parts). Signatures are bytes.
--
-- Digests are other ones since, so what was read is read again: the cursor goes back to the beginning of the chain,
-- and all that was made of it is emptied.

DO $$
DECLARE
    read_again regclass;
BEGIN
    FOR read_again IN
        SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'chain' AND c.relkind = 'r'
    LOOP
        EXECUTE format('TRUNCATE %s', read_again);
    END LOOP;
END
$$;
TRUNCATE
    indexer.cursor, indexer.quarantine, indexer.replay, indexer.scored_epoch, indexer.score, indexer.run,
    indexer.settlement, indexer.genesis_supply;

CREATE SCHEMA partition;

-- Up to which slot (excluded) observations were dropped. One row, once any were.
CREATE TABLE indexer.retention (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    first_slot bigint NOT NULL
);

DROP TABLE
    chain.transaction, chain.challenge_committed, chain.challenge_recorded, chain.score_posted, chain.price_submitted;

CREATE TABLE chain.transaction (
    slot bigint NOT NULL,
    tx_index integer NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (slot, tx_index)
) PARTITION BY RANGE (slot);

CREATE TABLE chain.challenge_committed (
    LIKE chain.place INCLUDING INDEXES,
    verifier chain.address NOT NULL,
    challenge chain.address NOT NULL,
    epoch bigint NOT NULL,
    round integer NOT NULL,
    commitment bytea NOT NULL
) PARTITION BY RANGE (slot);
CREATE INDEX challenge_committed_epoch ON chain.challenge_committed (epoch);

CREATE TABLE chain.challenge_recorded (
    LIKE chain.item INCLUDING INDEXES,
    verifier chain.address NOT NULL,
    challenge chain.address NOT NULL,
    node chain.address NOT NULL,
    bandwidth bigint NOT NULL,
    memory bigint NOT NULL,
    clock bigint NOT NULL,
    compute bigint NOT NULL,
    latency bigint NOT NULL,
    outcome smallint NOT NULL
) PARTITION BY RANGE (slot);

CREATE TABLE chain.score_posted (
    LIKE chain.item INCLUDING INDEXES,
    epoch bigint NOT NULL,
    earner chain.address NOT NULL,
    points bigint NOT NULL,
    reputation integer NOT NULL
) PARTITION BY RANGE (slot);
CREATE INDEX score_posted_earner ON chain.score_posted (earner, slot, tx_index, path, item);

CREATE TABLE chain.price_submitted (
    LIKE chain.place INCLUDING INDEXES,
    symbol bytea NOT NULL,
    member chain.address NOT NULL,
    submitted_nano_usd chain.u64 NOT NULL,
    price_nano_usd chain.u64 NOT NULL,
    valid_until bigint NOT NULL,
    at bigint NOT NULL
) PARTITION BY RANGE (slot);
