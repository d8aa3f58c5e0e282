-- Takes in the actors that were registered after slot $1 and up to slot $2, as they stand after slot $2.
INSERT INTO indexer.actor (
    actor, kind, class, processors, multiplier_bp, collateral_required, collateral, collateral_slot, earner, earner_slot
)
SELECT a.actor, a.kind, a.class, a.processors, a.multiplier_bp, a.collateral_required, coalesce(c.collateral, 0),
    coalesce(c.slot, a.slot), e.earner, e.slot
FROM chain.actor_registered AS a
LEFT JOIN (
    SELECT DISTINCT ON (actor) actor, collateral, slot
    FROM chain.collateral_changed
    WHERE slot > $1 AND slot <= $2
    ORDER BY actor, slot DESC, tx_index DESC, path DESC
) AS c USING (actor)
LEFT JOIN (SELECT actor, earner, slot FROM chain.earner_created WHERE slot > $1 AND slot <= $2) AS e USING (actor)
WHERE a.slot > $1 AND a.slot <= $2
