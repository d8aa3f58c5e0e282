-- Everyone who can earn after slot $1, with what decides its points: one row an actor.
SELECT a.actor, a.kind, a.class, a.processors, a.multiplier_bp, a.collateral_required,
    coalesce(c.collateral, 0) AS collateral
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
