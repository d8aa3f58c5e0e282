-- Actors to compare, $1 at most: those that changed since they were compared first, then the longest ago.
SELECT actor FROM indexer.actor_balance ORDER BY (slot <= compared_slot), compared_slot, actor LIMIT $1
