-- Brings the balances up to slot $2, from slot $1 on: those alone that events in between change.
INSERT INTO indexer.balance AS held (kind, whose, amount, slot)
SELECT kind, whose, amount, $2 FROM indexer.balance_changes($1, $2)
ON CONFLICT (kind, whose) DO UPDATE SET amount = held.amount + excluded.amount, slot = excluded.slot
