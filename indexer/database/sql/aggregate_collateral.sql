-- The collateral of actors after its last change after slot $1 and up to slot $2.
UPDATE indexer.actor AS a
SET collateral = c.collateral, collateral_slot = c.slot
FROM (
    SELECT DISTINCT ON (actor) actor, collateral, slot
    FROM chain.collateral_changed
    WHERE slot > $1 AND slot <= $2
    ORDER BY actor, slot DESC, tx_index DESC, path DESC
) AS c
WHERE a.actor = c.actor AND a.collateral_slot < c.slot
