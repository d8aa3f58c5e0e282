-- What the chain says, written by the replay alone: one table for each kind of event, and one for each record that
-- has no event because its instruction's data is the record.
--
-- A table for each kind, rather than one with documents: every column has the range of its Rust type, the database
-- refuses what does not fit, an hour's aggregates read one narrow table, and COPY can fill it in binary. Unsigned
-- 64-bit numbers are numeric: bigint would lose half of their range, and a stranger chooses some of them (job ids).
-- Symbols stay bytes, so nothing that a stranger wrote is ever text here.

CREATE SCHEMA chain;

CREATE DOMAIN chain.u64 AS numeric(20, 0) CHECK (VALUE BETWEEN 0 AND 18446744073709551615);
CREATE DOMAIN chain.u128 AS numeric(39, 0)
    CHECK (VALUE BETWEEN 0 AND 340282366920938463463374607431768211455);
CREATE DOMAIN chain.address AS bytea CHECK (octet_length(VALUE) = 32);

-- Where a row stands on the chain: slot, place of the transaction in its block, and the instruction in it:
-- top-level number << 16, plus 1 and its number for an inner one. Holds no rows: events' tables begin like it.
CREATE TABLE chain.place (
    slot bigint NOT NULL,
    tx_index integer NOT NULL,
    path integer NOT NULL,
    PRIMARY KEY (slot, tx_index, path)
);

-- As above, and the number of the row in its record.
CREATE TABLE chain.item (
    slot bigint NOT NULL,
    tx_index integer NOT NULL,
    path integer NOT NULL,
    item integer NOT NULL,
    PRIMARY KEY (slot, tx_index, path, item)
);

-- Blocks with something of ours. `digest` is SHA-256 over the last such block's digest, the slot, and all that is
-- ours in this one: equal here means equal history up to here.
CREATE TABLE chain.block (
    slot bigint PRIMARY KEY,
    time bigint NOT NULL,
    blockhash text NOT NULL,
    digest bytea NOT NULL
);

-- Transactions with something of ours.
CREATE TABLE chain.transaction (
    slot bigint NOT NULL,
    tx_index integer NOT NULL,
    signature text NOT NULL,
    PRIMARY KEY (slot, tx_index)
);

-- Every mint (direction 1) and burn (-1) of IO since the emission began, by whomever: base units.
CREATE TABLE chain.io_supply_changed (
    LIKE chain.item INCLUDING INDEXES,
    direction smallint NOT NULL,
    amount chain.u64 NOT NULL,
    token_account chain.address NOT NULL
);

-- Records: oracle.commit_challenge, oracle.record_challenges, emission.post_scores.

CREATE TABLE chain.challenge_committed (
    LIKE chain.place INCLUDING INDEXES,
    verifier chain.address NOT NULL,
    challenge chain.address NOT NULL,
    epoch bigint NOT NULL,
    round integer NOT NULL,
    commitment bytea NOT NULL
);
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
);
CREATE INDEX challenge_recorded_challenge ON chain.challenge_recorded (challenge);

CREATE TABLE chain.score_posted (
    LIKE chain.item INCLUDING INDEXES,
    epoch bigint NOT NULL,
    earner chain.address NOT NULL,
    points bigint NOT NULL,
    reputation integer NOT NULL
);

-- Events.

-- oracle

CREATE TABLE chain.committee_initialized (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    members bytea[] NOT NULL,
    freshness_seconds bigint NOT NULL,
    max_change_bp integer NOT NULL
);

CREATE TABLE chain.feed_created (
    LIKE chain.place INCLUDING INDEXES,
    symbol bytea NOT NULL
);

CREATE TABLE chain.price_submitted (
    LIKE chain.place INCLUDING INDEXES,
    symbol bytea NOT NULL,
    member chain.address NOT NULL,
    submitted_nano_usd chain.u64 NOT NULL,
    price_nano_usd chain.u64 NOT NULL,
    valid_until bigint NOT NULL,
    at bigint NOT NULL
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
    dollar_share_bp integer NOT NULL,
    commission_bp integer NOT NULL,
    id integer NOT NULL,
    kind smallint NOT NULL
);

CREATE TABLE chain.class_added (
    LIKE chain.place INCLUDING INDEXES,
    symbol bytea NOT NULL,
    multiplier_bp bigint NOT NULL
);

CREATE TABLE chain.collateral_deposited (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    depositor chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    collateral chain.u64 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.registry_initialized (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    io_mint chain.address NOT NULL
);

-- emission

CREATE TABLE chain.bonus_locked (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    vesting chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL
);

CREATE TABLE chain.claimed (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    owner chain.u64 NOT NULL,
    affiliate chain.u64 NOT NULL,
    closed_epoch bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.coupons_credited (
    LIKE chain.place INCLUDING INDEXES,
    actor chain.address NOT NULL,
    base chain.u64 NOT NULL,
    bonus chain.u64 NOT NULL,
    total_coupons chain.u64 NOT NULL,
    epoch bigint NOT NULL
);

CREATE TABLE chain.earner_created (
    LIKE chain.place INCLUDING INDEXES,
    earner chain.address NOT NULL,
    actor chain.address NOT NULL
);

CREATE TABLE chain.emission_initialized (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    io_mint chain.address NOT NULL,
    coupon_authority chain.address NOT NULL,
    genesis bigint NOT NULL,
    lock_seconds bigint NOT NULL,
    availability_bp integer NOT NULL,
    affiliate_bp integer NOT NULL
);

CREATE TABLE chain.epochs_closed (
    LIKE chain.place INCLUDING INDEXES,
    first bigint NOT NULL,
    last bigint NOT NULL,
    availability chain.u64 NOT NULL,
    compute chain.u64 NOT NULL,
    total_points chain.u64 NOT NULL,
    total_coupons chain.u64 NOT NULL,
    per_point_q64 chain.u128 NOT NULL,
    per_coupon_q64 chain.u128 NOT NULL,
    carry_availability_q64 chain.u128 NOT NULL,
    carry_compute_q64 chain.u128 NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.scores_finalized (
    LIKE chain.place INCLUDING INDEXES,
    digest bytea NOT NULL,
    total_points chain.u64 NOT NULL,
    epoch bigint NOT NULL
);

CREATE TABLE chain.vested_withdrawn (
    LIKE chain.place INCLUDING INDEXES,
    vesting chain.address NOT NULL,
    beneficiary chain.address NOT NULL,
    amount chain.u64 NOT NULL,
    withdrawn chain.u64 NOT NULL,
    at bigint NOT NULL
);

-- escrow

CREATE TABLE chain.job_finished (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    deposit chain.u64 NOT NULL,
    settled chain.u64 NOT NULL,
    refund chain.u64 NOT NULL,
    worked_seconds bigint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.job_opened (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    "user" chain.address NOT NULL,
    authority chain.address NOT NULL,
    class bytea NOT NULL,
    id chain.u64 NOT NULL,
    price_nano_usd chain.u64 NOT NULL,
    rate_per_hour chain.u64 NOT NULL,
    deposit chain.u64 NOT NULL,
    at bigint NOT NULL,
    processors bigint NOT NULL,
    hours bigint NOT NULL,
    discount_bp integer NOT NULL
);

CREATE TABLE chain.job_settled (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    gross chain.u64 NOT NULL,
    dollars chain.u64 NOT NULL,
    burn chain.u64 NOT NULL,
    fee_burn chain.u64 NOT NULL,
    fee_incentives chain.u64 NOT NULL,
    coupons_base chain.u64 NOT NULL,
    coupons_bonus chain.u64 NOT NULL,
    at bigint NOT NULL,
    from_second bigint NOT NULL,
    to_second bigint NOT NULL,
    period bigint NOT NULL
);

CREATE TABLE chain.job_started (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.terms_set (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    usd_mint chain.address NOT NULL,
    router chain.address NOT NULL,
    min_work_seconds bigint NOT NULL,
    fee_bp integer NOT NULL,
    fee_burn_bp integer NOT NULL,
    max_bonus_bp integer NOT NULL,
    discount_reputation integer[] NOT NULL,
    discount_bp integer[] NOT NULL
);

-- burn

CREATE TABLE chain.auction_initialized (
    LIKE chain.place INCLUDING INDEXES,
    admin chain.address NOT NULL,
    io_mint chain.address NOT NULL,
    usd_mint chain.address NOT NULL,
    ramp_seconds bigint NOT NULL,
    start_bp smallint NOT NULL,
    end_bp smallint NOT NULL,
    at bigint NOT NULL
);

CREATE TABLE chain.io_burned (
    LIKE chain.place INCLUDING INDEXES,
    seller chain.address NOT NULL,
    io chain.u64 NOT NULL,
    usd chain.u64 NOT NULL,
    price_nano_usd chain.u64 NOT NULL,
    premium_bp integer NOT NULL,
    at bigint NOT NULL
);

-- What scores and settlement look up by.
CREATE INDEX actor_registered_actor ON chain.actor_registered (actor);
CREATE INDEX collateral_deposited_actor ON chain.collateral_deposited (actor, slot, tx_index, path);
CREATE INDEX job_opened_job ON chain.job_opened (job);
CREATE INDEX job_finished_job ON chain.job_finished (job);
