-- The whole economy: offices, parameters that change, pools, slashing, disputes, the draws of the router.
--
-- Events that were there before have other bytes since, so what was read is read again: the cursor goes back to the
-- beginning of the chain, and all that was made of it is emptied.

TRUNCATE
    chain.block, chain.bonus_locked, chain.challenge_committed, chain.challenge_recorded, chain.claimed,
    chain.class_added, chain.collateral_deposited, chain.coupons_credited, chain.earner_created,
    chain.epochs_closed, chain.feed_created, chain.io_burned, chain.io_supply_changed, chain.job_finished,
    chain.job_opened, chain.job_settled, chain.job_started, chain.price_submitted, chain.score_posted,
    chain.scores_finalized, chain.transaction, chain.vested_withdrawn, indexer.cursor, indexer.quarantine,
    indexer.replay, indexer.scored_epoch, indexer.score, indexer.run, indexer.settlement,
    indexer.genesis_supply;

DROP TABLE
    chain.actor_registered, chain.auction_initialized, chain.committee_initialized,
    chain.emission_initialized, chain.registry_initialized, chain.terms_set;

-- oracle

CREATE TABLE chain.admin_changed (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL
);

CREATE TABLE chain.admin_offered (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    offered chain.address NOT NULL
);

CREATE TABLE chain.committee_initialized (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    pauser chain.address NOT NULL,
    members bytea[] NOT NULL,
    genesis bigint NOT NULL,
    parameters_delay_seconds bigint NOT NULL,
    parameters_freshness_seconds bigint NOT NULL,
    parameters_max_change_bp bigint NOT NULL
);

CREATE TABLE chain.committee_rotated (
    LIKE chain.place INCLUDING INDEXES,
    members bytea[] NOT NULL,
    "from" bigint NOT NULL
);

CREATE TABLE chain.oracle_parameters_set (
    LIKE chain.place INCLUDING INDEXES,
    parameters_delay_seconds bigint NOT NULL,
    parameters_freshness_seconds bigint NOT NULL,
    parameters_max_change_bp bigint NOT NULL,
    "from" bigint NOT NULL
);

CREATE TABLE chain.paused_set (
    LIKE chain.place INCLUDING INDEXES,
    by chain.address NOT NULL,
    at bigint NOT NULL,
    paused smallint NOT NULL
);

CREATE TABLE chain.pauser_set (
    LIKE chain.place INCLUDING INDEXES,
    pauser chain.address NOT NULL
);

-- staking

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

CREATE TABLE chain.registry_initialized (
    LIKE chain.place INCLUDING INDEXES,
    io_mint chain.address NOT NULL,
    parameters_appeal_bond chain.u64 NOT NULL,
    parameters_owner_unbonding_seconds bigint NOT NULL,
    parameters_delegator_unbonding_seconds bigint NOT NULL,
    parameters_appeal_seconds bigint NOT NULL,
    parameters_decision_seconds bigint NOT NULL
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

-- emission

CREATE TABLE chain.emission_initialized (
    LIKE chain.place INCLUDING INDEXES,
    io_mint chain.address NOT NULL,
    coupon_authority chain.address NOT NULL,
    genesis bigint NOT NULL,
    parameters_lock_seconds bigint NOT NULL,
    parameters_availability_bp integer NOT NULL,
    parameters_affiliate_bp integer NOT NULL
);

CREATE TABLE chain.emission_parameters_set (
    LIKE chain.place INCLUDING INDEXES,
    parameters_lock_seconds bigint NOT NULL,
    parameters_availability_bp integer NOT NULL,
    parameters_affiliate_bp integer NOT NULL,
    "from" bigint NOT NULL
);

-- escrow

CREATE TABLE chain.escrow_initialized (
    LIKE chain.place INCLUDING INDEXES,
    usd_mint chain.address NOT NULL,
    parameters_router chain.address NOT NULL,
    parameters_dispute_bond chain.u64 NOT NULL,
    parameters_min_work_seconds bigint NOT NULL,
    parameters_report_seconds bigint NOT NULL,
    parameters_dispute_seconds bigint NOT NULL,
    parameters_decision_seconds bigint NOT NULL,
    parameters_discount_reputation integer[] NOT NULL,
    parameters_discount_bp integer[] NOT NULL,
    parameters_fee_bp integer NOT NULL,
    parameters_affiliate_bp integer NOT NULL,
    parameters_fee_burn_bp integer NOT NULL,
    parameters_max_bonus_bp integer NOT NULL
);

CREATE TABLE chain.escrow_parameters_set (
    LIKE chain.place INCLUDING INDEXES,
    parameters_router chain.address NOT NULL,
    parameters_dispute_bond chain.u64 NOT NULL,
    parameters_min_work_seconds bigint NOT NULL,
    parameters_report_seconds bigint NOT NULL,
    parameters_dispute_seconds bigint NOT NULL,
    parameters_decision_seconds bigint NOT NULL,
    parameters_discount_reputation integer[] NOT NULL,
    parameters_discount_bp integer[] NOT NULL,
    parameters_fee_bp integer NOT NULL,
    parameters_affiliate_bp integer NOT NULL,
    parameters_fee_burn_bp integer NOT NULL,
    parameters_max_bonus_bp integer NOT NULL,
    "from" bigint NOT NULL
);

-- burn

CREATE TABLE chain.auction_initialized (
    LIKE chain.place INCLUDING INDEXES,
    io_mint chain.address NOT NULL,
    usd_mint chain.address NOT NULL,
    parameters_user_grant chain.u64 NOT NULL,
    parameters_owner_grant chain.u64 NOT NULL,
    parameters_owner_grant_hours bigint NOT NULL,
    parameters_ramp_seconds bigint NOT NULL,
    parameters_start_bp integer NOT NULL,
    parameters_end_bp integer NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.burn_parameters_set (
    LIKE chain.place INCLUDING INDEXES,
    parameters_user_grant chain.u64 NOT NULL,
    parameters_owner_grant chain.u64 NOT NULL,
    parameters_owner_grant_hours bigint NOT NULL,
    parameters_ramp_seconds bigint NOT NULL,
    parameters_start_bp integer NOT NULL,
    parameters_end_bp integer NOT NULL,
    "from" bigint NOT NULL
);

CREATE TABLE chain.owner_granted (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.user_granted (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    at bigint NOT NULL
);

-- What scores and settlement look up by.
CREATE INDEX actor_registered_actor ON chain.actor_registered (actor);
