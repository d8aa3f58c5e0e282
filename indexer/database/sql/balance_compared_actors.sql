-- Notes that actors $1 were right as of slots $2 (arrays).
UPDATE indexer.actor_balance AS held SET compared_slot = right_one.slot
FROM unnest($1::bytea[], $2::bigint[]) AS right_one (actor, slot)
WHERE held.actor = right_one.actor
