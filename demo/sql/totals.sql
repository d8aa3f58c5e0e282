-- Sums over all events, in base units; `_q64` with 64 fractional bits.
SELECT
    (SELECT coalesce(sum(deposit), 0) FROM chain.job_opened) AS deposits,
    (SELECT coalesce(sum(refund), 0) FROM chain.job_finished) AS refunds,
    (SELECT coalesce(sum(gross), 0) FROM chain.job_settled) AS gross,
    (SELECT coalesce(sum(dollars), 0) FROM chain.job_settled) AS dollars,
    (SELECT coalesce(sum(burn), 0) FROM chain.job_settled) AS burn,
    (SELECT coalesce(sum(fee_burn), 0) FROM chain.job_settled) AS fee_burn,
    (SELECT coalesce(sum(fee_incentives), 0) FROM chain.job_settled) AS fee_incentives,
    (SELECT coalesce(sum(owner), 0) FROM chain.claimed) AS claimed_owner,
    (SELECT coalesce(sum(affiliate), 0) FROM chain.claimed) AS claimed_affiliate,
    (SELECT coalesce(sum(amount), 0) FROM chain.bonus_locked) AS locked,
    (SELECT coalesce(sum(io), 0) FROM chain.io_burned) AS burned_io,
    (SELECT coalesce(sum(usd), 0) FROM chain.io_burned) AS burn_paid,
    (SELECT coalesce(sum(amount), 0) FROM chain.collateral_deposited) AS collateral,
    (SELECT coalesce(sum(availability + compute), 0) FROM chain.epochs_closed) AS emitted
