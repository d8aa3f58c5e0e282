-- Collateral and stake of actors $1 as of slot $2: what is kept, or where it changed since, what it was before.
SELECT
    held.actor,
    CASE WHEN held.slot <= $2 THEN held.collateral ELSE coalesce((
        SELECT collateral FROM chain.collateral_changed AS c WHERE c.actor = held.actor AND c.slot <= $2
        ORDER BY c.slot DESC, c.tx_index DESC, c.path DESC LIMIT 1
    ), 0) END AS collateral,
    CASE WHEN held.slot <= $2 THEN held.stake ELSE coalesce((
        SELECT stake FROM chain.stake_changed AS s WHERE s.actor = held.actor AND s.slot <= $2
        ORDER BY s.slot DESC, s.tx_index DESC, s.path DESC LIMIT 1
    ), 0) END AS stake
FROM indexer.actor_balance AS held
WHERE held.actor = ANY($1::bytea[])
