-- Actors whose collateral or stake is not what the last event that changed it says: kept and counted again.
WITH collateral AS (
    SELECT DISTINCT ON (actor) actor, collateral FROM chain.collateral_changed
    WHERE slot <= $1 ORDER BY actor, slot DESC, tx_index DESC, path DESC
), stake AS (
    SELECT DISTINCT ON (actor) actor, stake FROM chain.stake_changed
    WHERE slot <= $1 ORDER BY actor, slot DESC, tx_index DESC, path DESC
), again AS (
    SELECT actor, coalesce(collateral, 0) AS collateral, coalesce(stake, 0) AS stake
    FROM collateral FULL JOIN stake USING (actor)
), each (kind, whose, kept, counted) AS (
    SELECT 'actor: collateral', actor, held.collateral, again.collateral
    FROM indexer.actor_balance AS held FULL JOIN again USING (actor)
    UNION ALL
    SELECT 'actor: stake', actor, held.stake, again.stake
    FROM indexer.actor_balance AS held FULL JOIN again USING (actor)
)
SELECT kind, whose, coalesce(kept, 0) AS kept, coalesce(counted, 0) AS counted FROM each
WHERE kept IS DISTINCT FROM counted ORDER BY kind, whose
