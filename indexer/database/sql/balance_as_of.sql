-- Balances of kinds $1 and owners $2 (arrays of the same length), as of slot $3, the cursor standing at slot $4.
SELECT held.kind, held.whose, held.amount - coalesce(later.amount, 0) AS amount, held.surplus
FROM unnest($1::text[], $2::bytea[]) AS wanted (kind, whose)
JOIN indexer.balance AS held USING (kind, whose)
LEFT JOIN indexer.balance_changes($3, $4) AS later USING (kind, whose)
