-- Brings collateral and stake of actors up to slot $2, from slot $1 on: those alone that events in between change.
WITH collateral AS (
    SELECT DISTINCT ON (actor) actor, collateral FROM chain.collateral_changed
    WHERE slot > $1 AND slot <= $2
    ORDER BY actor, slot DESC, tx_index DESC, path DESC
), stake AS (
    SELECT DISTINCT ON (actor) actor, stake FROM chain.stake_changed
    WHERE slot > $1 AND slot <= $2
    ORDER BY actor, slot DESC, tx_index DESC, path DESC
)
INSERT INTO indexer.actor_balance AS held (actor, collateral, stake, slot)
SELECT
    actor,
    coalesce(collateral.collateral, before.collateral, 0),
    coalesce(stake.stake, before.stake, 0),
    $2
FROM collateral
FULL JOIN stake USING (actor)
LEFT JOIN indexer.actor_balance AS before USING (actor)
ON CONFLICT (actor) DO UPDATE SET collateral = excluded.collateral, stake = excluded.stake, slot = excluded.slot
