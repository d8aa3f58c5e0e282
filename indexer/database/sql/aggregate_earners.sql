-- Actors that can earn since a slot after $1 and up to $2.
UPDATE indexer.actor AS a
SET earner = e.earner, earner_slot = e.slot
FROM chain.earner_created AS e
WHERE a.actor = e.actor AND e.slot > $1 AND e.slot <= $2 AND a.earner_slot IS NULL
