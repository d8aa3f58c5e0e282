-- Stake: actors, collateral, pools, tickets, slashes.

CREATE TABLE chain.actor_registered (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    authority chain.address NOT NULL,
    affiliate chain.address NOT NULL,
    class bytea NOT NULL,
    collateral_required chain.u64 NOT NULL,
    at bigint NOT NULL,
    processors bigint NOT NULL,
    multiplier_bp bigint NOT NULL,
    election_dollar_share_bp integer NOT NULL,
    election_commission_bp integer NOT NULL,
    id integer NOT NULL,
    kind smallint NOT NULL
);

CREATE TABLE chain.collateral_unbonding (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    ticket chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    ticket_shares chain.u64 NOT NULL,
    collateral chain.u64 NOT NULL,
    stake chain.u64 NOT NULL,
    unbonding_shares chain.u64 NOT NULL,
    matures_at bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.delegated (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    rewards chain.u64 NOT NULL,
    delegation_shares chain.u64 NOT NULL,
    shares chain.u64 NOT NULL,
    stake chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.delegation_closed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    rewards chain.u64 NOT NULL,
    shares chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.elected (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    election_dollar_share_bp integer NOT NULL,
    election_commission_bp integer NOT NULL,
    "from" bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.pool_opened (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    rewards chain.address NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.registry_initialized (
    LIKE chain.place INCLUDING INDEXES,
    io_mint chain.address NOT NULL,
    parameters_appeal_bond chain.u64 NOT NULL,
    parameters_owner_unbonding_seconds bigint NOT NULL,
    parameters_delegator_unbonding_seconds bigint NOT NULL,
    parameters_appeal_seconds bigint NOT NULL,
    parameters_decision_seconds bigint NOT NULL
);

CREATE TABLE chain.rewards_claimed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    rewards chain.u64 NOT NULL,
    counted_rewards chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.slash_appealed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    slash chain.address NOT NULL,
    owner chain.address NOT NULL,
    bond chain.u64 NOT NULL,
    deadline bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.slash_decided (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    slash chain.address NOT NULL,
    at bigint NOT NULL,
    upheld boolean NOT NULL
);

CREATE TABLE chain.slash_dismissed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    slash chain.address NOT NULL,
    owner chain.address NOT NULL,
    bond chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.slash_executed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    slash chain.address NOT NULL,
    burned chain.u64 NOT NULL,
    bond chain.u64 NOT NULL,
    index chain.u64 NOT NULL,
    stake chain.u64 NOT NULL,
    collateral chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.slash_proposed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    slash chain.address NOT NULL,
    proposer chain.address NOT NULL,
    evidence bytea NOT NULL,
    deadline bigint NOT NULL,
    at bigint NOT NULL,
    fraction_bp integer NOT NULL,
    offence smallint NOT NULL
);

CREATE TABLE chain.staking_parameters_set (
    LIKE chain.place INCLUDING INDEXES,
    parameters_appeal_bond chain.u64 NOT NULL,
    parameters_owner_unbonding_seconds bigint NOT NULL,
    parameters_delegator_unbonding_seconds bigint NOT NULL,
    parameters_appeal_seconds bigint NOT NULL,
    parameters_decision_seconds bigint NOT NULL,
    "from" bigint NOT NULL
);

CREATE TABLE chain.ticket_withdrawn (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    ticket chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    stake chain.u64 NOT NULL,
    unbonding_shares chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.undelegated (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    ticket chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    rewards chain.u64 NOT NULL,
    ticket_shares chain.u64 NOT NULL,
    delegation_shares chain.u64 NOT NULL,
    shares chain.u64 NOT NULL,
    unbonding_shares chain.u64 NOT NULL,
    matures_at bigint NOT NULL,
    at bigint NOT NULL
);

CREATE INDEX actor_registered_actor ON chain.actor_registered (actor);
CREATE INDEX collateral_unbonding_actor ON chain.collateral_unbonding (actor, slot, tx_index, path);
CREATE INDEX slash_executed_actor ON chain.slash_executed (actor, slot, tx_index, path);

-- An actor's collateral after each event that changed it, IO base units.
CREATE VIEW chain.collateral_changed AS
SELECT slot, tx_index, path, actor, collateral FROM chain.collateral_deposited
UNION ALL SELECT slot, tx_index, path, actor, collateral FROM chain.collateral_unbonding
UNION ALL SELECT slot, tx_index, path, actor, collateral FROM chain.slash_executed;
