-- Balances to compare, $1 at most: those that changed since they were compared first, then the longest ago.
SELECT kind, whose FROM indexer.balance ORDER BY (slot <= compared_slot), compared_slot, kind, whose LIMIT $1
