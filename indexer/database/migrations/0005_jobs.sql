-- Jobs: terms that change, extensions, draws, releases, ends and disputes.

CREATE TABLE chain.dispute_lapsed (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    bond_user chain.u64 NOT NULL,
    at bigint NOT NULL,
    worked_seconds bigint NOT NULL
);

CREATE TABLE chain.dispute_resolved (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    bond_node chain.u64 NOT NULL,
    bond_user chain.u64 NOT NULL,
    at bigint NOT NULL,
    settled_seconds bigint NOT NULL,
    worked_seconds bigint NOT NULL,
    accepted_seconds bigint NOT NULL
);

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

CREATE TABLE chain.job_disputed (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    evidence bytea NOT NULL,
    bond chain.u64 NOT NULL,
    at bigint NOT NULL,
    settled_seconds bigint NOT NULL,
    worked_seconds bigint NOT NULL
);

CREATE TABLE chain.job_ended (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    at bigint NOT NULL,
    worked_seconds bigint NOT NULL
);

CREATE TABLE chain.job_extended (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    deposit chain.u64 NOT NULL,
    at bigint NOT NULL,
    hours bigint NOT NULL
);

CREATE TABLE chain.job_finished (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    deposit chain.u64 NOT NULL,
    settled chain.u64 NOT NULL,
    refund chain.u64 NOT NULL,
    credit chain.u64 NOT NULL,
    bond chain.u64 NOT NULL,
    at bigint NOT NULL,
    worked_seconds bigint NOT NULL,
    state smallint NOT NULL
);

CREATE TABLE chain.job_opened (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    "user" chain.address NOT NULL,
    authority chain.address NOT NULL,
    affiliate_usd chain.address NOT NULL,
    class bytea NOT NULL,
    id chain.u64 NOT NULL,
    price_nano_usd chain.u64 NOT NULL,
    rate_per_hour chain.u64 NOT NULL,
    deposit chain.u64 NOT NULL,
    granted chain.u64 NOT NULL,
    at bigint NOT NULL,
    processors bigint NOT NULL,
    hours bigint NOT NULL,
    discount_bp integer NOT NULL,
    benefit smallint NOT NULL
);

CREATE TABLE chain.job_released (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    by chain.address NOT NULL,
    at bigint NOT NULL,
    worked_seconds bigint NOT NULL,
    paid_seconds bigint NOT NULL,
    assignment integer NOT NULL,
    failed boolean NOT NULL
);

CREATE TABLE chain.job_settled (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    gross chain.u64 NOT NULL,
    dollars chain.u64 NOT NULL,
    burn chain.u64 NOT NULL,
    fee_affiliate chain.u64 NOT NULL,
    fee_burn chain.u64 NOT NULL,
    fee_incentives chain.u64 NOT NULL,
    coupons_base chain.u64 NOT NULL,
    coupons_bonus chain.u64 NOT NULL,
    coupons_user chain.u64 NOT NULL,
    at bigint NOT NULL,
    from_second bigint NOT NULL,
    to_second bigint NOT NULL,
    period bigint NOT NULL
);

CREATE TABLE chain.job_started (
    LIKE chain.place INCLUDING INDEXES,
    job chain.address NOT NULL,
    node chain.address NOT NULL,
    draw_seed bytea NOT NULL,
    draw_candidates_digest bytea NOT NULL,
    draw_as_of_slot chain.u64 NOT NULL,
    draw_total_weight chain.u64 NOT NULL,
    draw_ticket chain.u64 NOT NULL,
    draw_candidates bigint NOT NULL,
    at bigint NOT NULL,
    assignment integer NOT NULL
);

CREATE INDEX job_opened_job ON chain.job_opened (job);
CREATE INDEX job_started_job ON chain.job_started (job);
CREATE INDEX job_started_node ON chain.job_started (node);
CREATE INDEX job_released_job ON chain.job_released (job);
CREATE INDEX job_ended_job ON chain.job_ended (job);
CREATE INDEX job_disputed_job ON chain.job_disputed (job);
CREATE INDEX job_finished_job ON chain.job_finished (job);

-- Where a job's node stopped to work on it, for whatever reason; more than once where a job ends and is then finished.
CREATE VIEW chain.job_stopped AS
SELECT slot, tx_index, path, job FROM chain.job_released
UNION ALL SELECT slot, tx_index, path, job FROM chain.job_ended
UNION ALL SELECT slot, tx_index, path, job FROM chain.job_disputed
UNION ALL SELECT slot, tx_index, path, job FROM chain.job_finished;

-- Starts that the router has sent and the replay has not seen yet: their processors are taken.
CREATE TABLE indexer.assignment (
    job bytea NOT NULL CHECK (octet_length(job) = 32),
    assignment integer NOT NULL,
    node bytea NOT NULL CHECK (octet_length(node) = 32),
    processors bigint NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, assignment)
);
