-- Everyone who can earn after slot $1, with what decides its points: one row an actor. The few whose collateral has
-- changed since have what it was.
SELECT a.actor, a.kind = 1 AS is_node, a.class, a.processors, a.multiplier_bp,
    indexer.signed(CASE WHEN a.collateral_slot <= $1 THEN a.collateral ELSE coalesce((
        SELECT c.collateral
        FROM chain.collateral_changed AS c
        WHERE c.actor = a.actor AND c.slot <= $1
        ORDER BY c.slot DESC, c.tx_index DESC, c.path DESC
        LIMIT 1
    ), 0) END) AS collateral,
    indexer.signed(a.collateral_required) AS collateral_required
FROM indexer.actor AS a
WHERE a.earner_slot <= $1
