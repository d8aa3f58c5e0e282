-- The whole economy: offices, parameters that change, grants, stakers' parts. Stake and jobs have files of their own.
--
-- Events that were there before have other bytes since, so what was read is read again: the cursor goes back to the
-- beginning of the chain, and all that was made of it is emptied.

TRUNCATE
    chain.block, chain.challenge_committed, chain.challenge_recorded, chain.class_added,
    chain.collateral_deposited, chain.coupons_credited, chain.earner_created, chain.epochs_closed,
    chain.feed_created, chain.io_burned, chain.io_supply_changed, chain.price_submitted, chain.score_posted,
    chain.scores_finalized, chain.transaction, indexer.cursor, indexer.quarantine, indexer.replay,
    indexer.scored_epoch, indexer.score, indexer.run, indexer.settlement, indexer.genesis_supply;

DROP TABLE
    chain.actor_registered, chain.auction_initialized, chain.bonus_locked, chain.claimed,
    chain.committee_initialized, chain.emission_initialized, chain.job_finished, chain.job_opened,
    chain.job_settled, chain.job_started, chain.registry_initialized, chain.terms_set, chain.vested_withdrawn;

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

-- emission

CREATE TABLE chain.bonus_locked (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    vesting chain.address NOT NULL,
    beneficiary chain.address NOT NULL,
    owner chain.u64 NOT NULL,
    affiliate chain.u64 NOT NULL,
    stakers chain.u64 NOT NULL,
    closed_epoch bigint NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL
);

CREATE TABLE chain.claimed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.u64 NOT NULL,
    affiliate chain.u64 NOT NULL,
    stakers chain.u64 NOT NULL,
    closed_epoch bigint NOT NULL,
    at bigint NOT NULL
);

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

CREATE TABLE chain.io_locked (
    LIKE chain.place INCLUDING INDEXES,
    vesting chain.address NOT NULL,
    depositor chain.address NOT NULL,
    beneficiary chain.address NOT NULL,
    id chain.u64 NOT NULL,
    amount chain.u64 NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL,
    step_seconds bigint NOT NULL
);

CREATE TABLE chain.vested_withdrawn (
    LIKE chain.place INCLUDING INDEXES,
    vesting chain.address NOT NULL,
    beneficiary chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    withdrawn chain.u64 NOT NULL,
    funded smallint NOT NULL,
    at bigint NOT NULL
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

CREATE INDEX earner_created_actor ON chain.earner_created (actor);
CREATE INDEX score_posted_earner ON chain.score_posted (earner, slot, tx_index, path, item);
