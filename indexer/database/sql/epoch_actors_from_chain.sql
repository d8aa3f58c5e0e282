-- Everyone who can earn after slot $1, with what decides its points, from the chain's own tables: one row an actor.
SELECT a.actor, a.kind = 1 AS is_node, a.class, a.processors, a.multiplier_bp,
    indexer.signed(coalesce(c.collateral, 0)) AS collateral,
    indexer.signed(a.collateral_required) AS collateral_required
FROM chain.earner_created AS e
JOIN chain.actor_registered AS a USING (actor)
LEFT JOIN LATERAL (
    SELECT c.collateral
    FROM chain.collateral_changed AS c
    WHERE c.actor = e.actor AND c.slot <= $1
    ORDER BY c.slot DESC, c.tx_index DESC, c.path DESC
    LIMIT 1
) AS c ON true
WHERE e.slot <= $1
