-- Notes that balances of kinds $1 and owners $2 were right as of slots $3, with surpluses $4 (arrays).
UPDATE indexer.balance AS held SET compared_slot = right_one.slot, surplus = right_one.surplus
FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::numeric[]) AS right_one (kind, whose, slot, surplus)
WHERE held.kind = right_one.kind AND held.whose = right_one.whose
