-- The nodes of class $2 as the chain stood after slot $1: all that a draw depends on, one row a node.
WITH running AS (
    SELECT s.node, sum(o.processors) AS booked
    FROM chain.job_started AS s
    JOIN chain.job_opened AS o USING (job)
    WHERE o.class = $2 AND s.slot <= $1 AND NOT EXISTS (
        SELECT FROM chain.job_stopped AS x
        WHERE x.job = s.job AND x.slot <= $1 AND (x.slot, x.tx_index, x.path) > (s.slot, s.tx_index, s.path)
    )
    GROUP BY s.node
)
SELECT a.actor AS node, a.class AS hardware_class, a.processors, coalesce(b.booked, 0)::bigint AS booked,
    coalesce(c.collateral, 0) AS collateral, a.collateral_required, coalesce(r.reputation, 0) AS reputation
FROM chain.actor_registered AS a
LEFT JOIN running AS b ON b.node = a.actor
LEFT JOIN LATERAL (
    SELECT c.collateral
    FROM chain.collateral_changed AS c
    WHERE c.actor = a.actor AND c.slot <= $1
    ORDER BY c.slot DESC, c.tx_index DESC, c.path DESC
    LIMIT 1
) AS c ON true
LEFT JOIN LATERAL (
    SELECT p.reputation
    FROM chain.earner_created AS e
    JOIN chain.score_posted AS p USING (earner)
    WHERE e.actor = a.actor AND p.slot <= $1
    ORDER BY p.slot DESC, p.tx_index DESC, p.path DESC, p.item DESC
    LIMIT 1
) AS r ON true
WHERE a.kind = 1 AND a.class = $2 AND a.slot <= $1
