-- What scores are computed from, kept up with the replay: a row for each actor, and one for each actor and epoch in
-- which its jobs came to anything. And everybody's last score in one place.

-- An unsigned 64-bit amount in a bigint: less by 2^63.
CREATE FUNCTION indexer.signed(amount numeric) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN (amount - 9223372036854775808)::bigint;

-- Everyone who is registered. `collateral` is that after `collateral_slot`, the slot of its last change.
CREATE TABLE indexer.actor (
    actor chain.address PRIMARY KEY,
    kind smallint NOT NULL,
    class bytea NOT NULL,
    processors bigint NOT NULL,
    multiplier_bp bigint NOT NULL,
    collateral_required chain.u64 NOT NULL,
    collateral chain.u64 NOT NULL,
    collateral_slot bigint NOT NULL,
    -- Of the account that earns for it, and the slot that made it; null before.
    earner bytea,
    earner_slot bigint
) WITH (fillfactor = 90);

-- What came of jobs, as chain.work has it, by the epoch in whose time it happened.
CREATE TABLE indexer.work (
    epoch bigint NOT NULL,
    actor chain.address NOT NULL,
    seconds bigint NOT NULL,
    usd numeric(39, 0) NOT NULL,
    jobs bigint NOT NULL,
    failed bigint NOT NULL,
    lost bigint NOT NULL,
    PRIMARY KEY (epoch, actor)
);

-- What came of jobs, a row for each fact: seconds of nodes, and jobs they lost by silence; dollars and finished jobs of
-- users; disputes lost. A node loses one in which less than half of its seconds in dispute were accepted, a user one
-- in which all of them were. `LIMIT` has each row's user looked up by index: rows are of a few slots, jobs of all.
CREATE VIEW chain.work AS
SELECT s.slot, s.node AS actor, s.to_second - s.from_second AS seconds, 0::numeric AS usd, 0 AS jobs, 0 AS failed,
    0 AS lost
FROM chain.job_settled AS s
UNION ALL
SELECT s.slot, o."user", 0, s.gross, 0, 0, 0
FROM chain.job_settled AS s, LATERAL (SELECT "user" FROM chain.job_opened WHERE job = s.job LIMIT 1) AS o
UNION ALL
SELECT f.slot, o."user", 0, 0, 1, 0, 0
FROM chain.job_finished AS f, LATERAL (SELECT "user" FROM chain.job_opened WHERE job = f.job LIMIT 1) AS o
WHERE f.worked_seconds > 0
UNION ALL
SELECT r.slot, r.node, 0, 0, 0, 1, 0
FROM chain.job_released AS r
WHERE r.failed
UNION ALL
SELECT d.slot, d.node, 0, 0, 0, 0, 1
FROM chain.dispute_resolved AS d
WHERE 2 * (d.accepted_seconds - d.settled_seconds) < d.worked_seconds - d.settled_seconds
UNION ALL
SELECT d.slot, o."user", 0, 0, 0, 0, 1
FROM chain.dispute_resolved AS d, LATERAL (SELECT "user" FROM chain.job_opened WHERE job = d.job LIMIT 1) AS o
WHERE d.accepted_seconds = d.worked_seconds;

-- Scores are appended an epoch at a time, sorted by actor: its key keeps that cheap however many there are. What a row
-- refers to is written in the same transaction; a check for each of a million rows would take longer than they do.
DROP TABLE indexer.score;
CREATE TABLE indexer.score (
    epoch bigint NOT NULL,
    actor bytea NOT NULL CHECK (octet_length(actor) = 32),
    points bigint NOT NULL,
    reputation integer NOT NULL CHECK (reputation BETWEEN 0 AND 10000),
    idle_epochs bigint NOT NULL,
    PRIMARY KEY (epoch, actor)
);

-- Everybody's score after the last epoch that was scored. Written and read only as a whole, so it has no key.
CREATE TABLE indexer.standing (
    actor bytea NOT NULL CHECK (octet_length(actor) = 32),
    points bigint NOT NULL,
    reputation integer NOT NULL,
    idle_epochs bigint NOT NULL
);
