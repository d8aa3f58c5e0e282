-- Balances that are not what all events up to slot $1 add up to: kept and counted again.
SELECT kind, whose, coalesce(held.amount, 0) AS kept, coalesce(again.amount, 0) AS counted
FROM indexer.balance AS held
FULL JOIN indexer.balance_changes(-1, $1) AS again USING (kind, whose)
WHERE coalesce(held.amount, 0) <> coalesce(again.amount, 0)
ORDER BY kind, whose
