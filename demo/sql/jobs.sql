-- Each job in the order of opening: what it is, what it was paid with, how many nodes it had, who was drawn last and
-- from how many, what became of it. USD base units; IO that paid for it (base units) was sold in the same transaction.
SELECT
    opened.job,
    opened."user",
    opened.class,
    opened.processors,
    opened.hours + coalesce(extended.hours, 0) AS hours,
    opened.price_nano_usd,
    opened.discount_bp,
    opened.benefit,
    opened.deposit + coalesce(extended.deposit, 0) AS deposit,
    opened.granted,
    coalesce(sold.io, 0) AS sold,
    started.node,
    coalesce(started.draw_candidates, 0) AS candidates,
    coalesce(started.assignment + 1, 0) AS assignments,
    coalesce(settled.gross, 0) AS gross,
    coalesce(settled.coupons_user, 0) AS coupons_user,
    coalesce(finished.refund, 0) AS refund,
    coalesce(finished.credit, 0) AS credit,
    extended.hours IS NOT NULL AS is_extended,
    EXISTS (SELECT FROM chain.job_ended AS e WHERE e.job = opened.job) AS is_ended,
    coalesce(disputed.bond, 0) AS bond,
    coalesce(resolved.bond_node, 0) AS bond_lost,
    resolved.accepted_seconds
FROM chain.job_opened AS opened
LEFT JOIN (
    SELECT job, sum(hours) AS hours, sum(deposit) AS deposit FROM chain.job_extended GROUP BY job
) AS extended ON extended.job = opened.job
LEFT JOIN chain.io_burned AS sold ON (sold.slot, sold.tx_index) = (opened.slot, opened.tx_index)
LEFT JOIN LATERAL (
    SELECT node, draw_candidates, assignment FROM chain.job_started AS s WHERE s.job = opened.job
    ORDER BY assignment DESC LIMIT 1
) AS started ON true
LEFT JOIN (
    SELECT job, sum(gross) AS gross, sum(coupons_user) AS coupons_user FROM chain.job_settled GROUP BY job
) AS settled ON settled.job = opened.job
LEFT JOIN chain.job_finished AS finished ON finished.job = opened.job
LEFT JOIN chain.job_disputed AS disputed ON disputed.job = opened.job
LEFT JOIN chain.dispute_resolved AS resolved ON resolved.job = opened.job
ORDER BY opened.slot, opened.tx_index, opened.path
