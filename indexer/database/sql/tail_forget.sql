-- Takes out of the provisional tail what is final (slot $1 and before) and what was reverted (after slot $2); the slots.
DELETE FROM tail.block WHERE slot <= $1 OR slot > $2 RETURNING slot
