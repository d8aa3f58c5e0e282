-- Operation: alarms, and what accounts of the chain must hold, kept so that it can be compared with what they do.

-- From when to when something was wrong. Of each kind one is open at most.
CREATE TABLE indexer.alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    -- NULL: it is open.
    until timestamptz,
    detail text NOT NULL
);
CREATE UNIQUE INDEX alarm_open ON indexer.alarm (kind) WHERE until IS NULL;

-- What the events up to the cursor add up to: for accounts of tokens what they must hold at least, for numbers of
-- other accounts what they must be. `whose`: an actor or a job; empty where there is one for the network.
CREATE TABLE indexer.balance (
    kind text NOT NULL,
    whose bytea NOT NULL,
    amount numeric NOT NULL,
    -- Of the last batch that changed it.
    slot bigint NOT NULL,
    -- As of which it was last compared with the chain; -1 before that.
    compared_slot bigint NOT NULL DEFAULT -1,
    -- What the account held beyond it then: gifts. They come, and never go.
    surplus numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, whose)
) WITH (fillfactor = 80);

-- What the last events say that an actor has, IO base units.
CREATE TABLE indexer.actor_balance (
    actor bytea PRIMARY KEY CHECK (octet_length(actor) = 32),
    collateral numeric NOT NULL,
    stake numeric NOT NULL,
    slot bigint NOT NULL,
    compared_slot bigint NOT NULL DEFAULT -1
) WITH (fillfactor = 80);

-- Comparisons of the database with the chain.
CREATE TABLE indexer.drift (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    looked_at timestamptz NOT NULL DEFAULT now(),
    -- The newest slot as of which something was compared.
    slot bigint NOT NULL,
    compared bigint NOT NULL,
    -- Accounts that differ, each with both values; empty where all is well.
    differences text[] NOT NULL
);

CREATE INDEX delegated_actor ON chain.delegated (actor, slot, tx_index, path);
CREATE INDEX ticket_withdrawn_actor ON chain.ticket_withdrawn (actor, slot, tx_index, path);

-- An actor's stake after each event that changed it, IO base units.
CREATE VIEW chain.stake_changed AS
SELECT slot, tx_index, path, actor, stake FROM chain.collateral_unbonding
UNION ALL SELECT slot, tx_index, path, actor, stake FROM chain.delegated
UNION ALL SELECT slot, tx_index, path, actor, stake FROM chain.ticket_withdrawn
UNION ALL SELECT slot, tx_index, path, actor, stake FROM chain.slash_executed;

-- By how much the events of slots after `since`, up to `until`, change each balance. It is added as blocks come in,
-- and taken away again to know a balance as of an earlier slot.
CREATE FUNCTION indexer.balance_changes(since bigint, until bigint)
RETURNS TABLE (kind text, whose bytea, amount numeric) LANGUAGE sql STABLE AS $$
    WITH opened AS (
        SELECT * FROM chain.job_opened WHERE slot > since AND slot <= until
    ), extended AS (
        SELECT * FROM chain.job_extended WHERE slot > since AND slot <= until
    ), settled AS (
        SELECT * FROM chain.job_settled WHERE slot > since AND slot <= until
    ), disputed AS (
        SELECT * FROM chain.job_disputed WHERE slot > since AND slot <= until
    ), resolved AS (
        SELECT * FROM chain.dispute_resolved WHERE slot > since AND slot <= until
    ), finished AS (
        -- `LIMIT`: the few that finished are looked up by index among all jobs that there ever were.
        SELECT f.*, o."user"
        FROM chain.job_finished AS f, LATERAL (SELECT "user" FROM chain.job_opened WHERE job = f.job LIMIT 1) AS o
        WHERE f.slot > since AND f.slot <= until
    ), user_granted AS (
        SELECT * FROM chain.user_granted WHERE slot > since AND slot <= until
    ), owner_granted AS (
        SELECT * FROM chain.owner_granted WHERE slot > since AND slot <= until
    ), burned AS (
        SELECT * FROM chain.io_burned WHERE slot > since AND slot <= until
    ), slashed AS (
        SELECT * FROM chain.slash_executed WHERE slot > since AND slot <= until
    ), claimed AS (
        SELECT * FROM chain.claimed WHERE slot > since AND slot <= until
    ), locked AS (
        SELECT * FROM chain.bonus_locked WHERE slot > since AND slot <= until
    ), withdrawn AS (
        SELECT * FROM chain.vested_withdrawn WHERE slot > since AND slot <= until
    ), credited AS (
        SELECT * FROM chain.coupons_credited WHERE slot > since AND slot <= until
    ), closed AS (
        SELECT * FROM chain.epochs_closed WHERE slot > since AND slot <= until
    ), change (kind, whose, amount) AS (
        -- USD base units.
        SELECT 'vault of a job', job::bytea, deposit::numeric FROM opened
        UNION ALL SELECT 'vault of a job', job, deposit FROM extended
        UNION ALL SELECT 'vault of a job', job, bond FROM disputed
        UNION ALL SELECT 'vault of a job', job, -bond_node FROM resolved
        UNION ALL SELECT 'vault of a job', job, -gross FROM settled
        UNION ALL SELECT 'vault of a job', job, -(refund + credit + bond) FROM finished
        UNION ALL SELECT 'credit of a user', actor, amount FROM user_granted
        UNION ALL SELECT 'credit of a user', "user", -granted FROM opened WHERE granted > 0
        UNION ALL SELECT 'credit of a user', "user", credit FROM finished WHERE credit > 0
        UNION ALL SELECT 'burn vault', '', burn + fee_burn FROM settled
        UNION ALL SELECT 'burn vault', '', -usd FROM burned
        UNION ALL SELECT 'incentives vault', '', fee_incentives FROM settled
        UNION ALL SELECT 'incentives vault', '', -amount FROM user_granted
        UNION ALL SELECT 'incentives vault', '', -amount FROM owner_granted
        UNION ALL SELECT 'auction: paid_usd', '', usd FROM burned
        UNION ALL SELECT 'auction: granted_usd', '', amount FROM user_granted
        UNION ALL SELECT 'auction: granted_usd', '', amount FROM owner_granted
        UNION ALL SELECT 'emission: total_coupons', '', base + bonus FROM credited
        UNION ALL SELECT 'emission: total_coupons', '', -total_coupons FROM closed
        -- IO base units.
        UNION ALL SELECT 'IO supply', '', direction * amount
            FROM chain.io_supply_changed WHERE slot > since AND slot <= until
        UNION ALL SELECT 'auction: burned_io', '', io FROM burned
        UNION ALL SELECT 'registry: slashed_io', '', burned FROM slashed
        UNION ALL SELECT 'stake vault', '', amount
            FROM chain.collateral_deposited WHERE slot > since AND slot <= until
        UNION ALL SELECT 'stake vault', '', amount FROM chain.delegated WHERE slot > since AND slot <= until
        UNION ALL SELECT 'stake vault', '', -amount
            FROM chain.ticket_withdrawn WHERE slot > since AND slot <= until
        UNION ALL SELECT 'stake vault', '', bond FROM chain.slash_appealed WHERE slot > since AND slot <= until
        UNION ALL SELECT 'stake vault', '', -bond FROM chain.slash_dismissed WHERE slot > since AND slot <= until
        UNION ALL SELECT 'stake vault', '', -burned FROM slashed
        UNION ALL SELECT 'vault of locked IO', '', amount
            FROM chain.io_locked WHERE slot > since AND slot <= until
        UNION ALL SELECT 'vault of locked IO', '', -amount FROM withdrawn WHERE funded = 1
        UNION ALL SELECT 'emission: locked_io', '', amount
            FROM chain.io_locked WHERE slot > since AND slot <= until
        UNION ALL SELECT 'emission: locked_io', '', -amount FROM withdrawn WHERE funded = 1
        UNION ALL SELECT 'emission: minted', '', owner + affiliate + stakers FROM claimed
        UNION ALL SELECT 'emission: minted', '', affiliate + stakers FROM locked
        UNION ALL SELECT 'emission: minted', '', amount FROM withdrawn WHERE funded = 0
        UNION ALL SELECT 'rewards of stakers', actor, stakers FROM claimed WHERE stakers > 0
        UNION ALL SELECT 'rewards of stakers', actor, stakers FROM locked WHERE stakers > 0
        UNION ALL SELECT 'rewards of stakers', actor, -amount
            FROM chain.rewards_claimed WHERE slot > since AND slot <= until
        -- Epochs.
        UNION ALL SELECT 'emission: closed_epoch', '', last - first + 1 FROM closed
        UNION ALL SELECT 'emission: final_epoch', '', max(epoch) - (
                SELECT coalesce(max(before.epoch), 0) FROM chain.scores_finalized AS before WHERE before.slot <= since
            )
            FROM chain.scores_finalized WHERE slot > since AND slot <= until HAVING count(*) > 0
    )
    SELECT kind, whose, sum(amount) FROM change GROUP BY kind, whose
$$;
