-- Sums over all events, in base units.
SELECT
    (SELECT coalesce(sum(deposit), 0) FROM chain.job_opened)
        + (SELECT coalesce(sum(deposit), 0) FROM chain.job_extended) AS deposits,
    (SELECT coalesce(sum(granted), 0) FROM chain.job_opened) AS from_credit,
    (SELECT coalesce(sum(credit), 0) FROM chain.job_finished) AS to_credit,
    (SELECT coalesce(sum(refund), 0) FROM chain.job_finished) AS refunds,
    (SELECT coalesce(sum(bond), 0) FROM chain.job_disputed) AS bonds,
    (SELECT coalesce(sum(bond_node), 0) FROM chain.dispute_resolved)
        + (SELECT coalesce(sum(bond), 0) FROM chain.job_finished) AS bonds_back,
    (SELECT coalesce(sum(gross), 0) FROM chain.job_settled) AS gross,
    (SELECT coalesce(sum(dollars), 0) FROM chain.job_settled) AS dollars,
    (SELECT coalesce(sum(burn), 0) FROM chain.job_settled) AS burn,
    (SELECT coalesce(sum(fee_affiliate), 0) FROM chain.job_settled) AS fee_affiliate,
    (SELECT coalesce(sum(fee_burn), 0) FROM chain.job_settled) AS fee_burn,
    (SELECT coalesce(sum(fee_incentives), 0) FROM chain.job_settled) AS fee_incentives,
    (SELECT coalesce(sum(amount), 0) FROM chain.user_granted) AS granted_users,
    (SELECT coalesce(sum(amount), 0) FROM chain.owner_granted) AS granted_owners,
    (SELECT coalesce(sum(io), 0) FROM chain.io_burned) AS burned_io,
    (SELECT coalesce(sum(usd), 0) FROM chain.io_burned) AS burn_paid,
    (SELECT coalesce(sum(availability + compute), 0) FROM chain.epochs_closed) AS emitted,
    (SELECT coalesce(sum(owner), 0) FROM chain.claimed) AS claimed,
    (SELECT coalesce(sum(owner), 0) FROM chain.bonus_locked) AS locked,
    (SELECT coalesce(sum(affiliate), 0) FROM chain.claimed)
        + (SELECT coalesce(sum(affiliate), 0) FROM chain.bonus_locked) AS affiliates,
    (SELECT coalesce(sum(stakers), 0) FROM chain.claimed)
        + (SELECT coalesce(sum(stakers), 0) FROM chain.bonus_locked) AS stakers,
    (SELECT coalesce(sum(amount), 0) FROM chain.vested_withdrawn WHERE funded = 0) AS vested_minted,
    (SELECT coalesce(sum(amount), 0) FROM chain.vested_withdrawn WHERE funded = 1) AS vested_paid,
    (SELECT coalesce(sum(amount), 0) FROM chain.io_locked) AS io_locked,
    (SELECT coalesce(sum(amount), 0) FROM chain.collateral_deposited) AS collateral,
    (SELECT coalesce(sum(amount), 0) FROM chain.delegated) AS delegated,
    (SELECT coalesce(sum(amount), 0) FROM chain.ticket_withdrawn) AS unbonded,
    (SELECT coalesce(sum(bond), 0) FROM chain.slash_appealed) AS appeal_bonds,
    (SELECT coalesce(sum(bond), 0) FROM chain.slash_dismissed) AS appeal_bonds_back,
    (SELECT coalesce(sum(burned), 0) FROM chain.slash_executed) AS slashed,
    (SELECT coalesce(sum(amount), 0) FROM chain.rewards_claimed) AS rewards_claimed
