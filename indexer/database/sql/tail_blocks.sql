-- The blocks of the provisional tail, oldest first.
SELECT slot, blockhash, parent_slot, previous_blockhash FROM tail.block ORDER BY slot
