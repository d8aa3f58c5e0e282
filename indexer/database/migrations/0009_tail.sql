-- What is confirmed and not final yet, for people to look at: it may never have happened. Nothing is computed from it.
-- It begins after the cursor; `indexer/tail.py` alone writes it.

CREATE SCHEMA tail;

CREATE TABLE tail.block (
    slot bigint PRIMARY KEY,
    blockhash text NOT NULL,
    parent_slot bigint NOT NULL,
    previous_blockhash text NOT NULL,
    time bigint NOT NULL
);

-- What would be a row of `chain`, by the name of its table; `quarantine` is what could not be read. Of `fields`,
-- addresses are base58, other bytes hex, and numbers of 64 bits and more text, so that no reader of JSON rounds them.
CREATE TABLE tail.event (
    slot bigint NOT NULL REFERENCES tail.block ON DELETE CASCADE,
    tx_index integer NOT NULL,
    path integer NOT NULL,
    item integer NOT NULL,
    name text NOT NULL,
    blockhash text NOT NULL,
    signature text NOT NULL,
    fields jsonb NOT NULL,
    PRIMARY KEY (slot, tx_index, path, item, name)
);
