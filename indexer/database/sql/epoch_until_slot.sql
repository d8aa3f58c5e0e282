-- The last slot with something of ours before the second $1: an epoch's facts stand in slots up to it. 0 for none.
SELECT coalesce(max(slot), 0) FROM chain.block WHERE time < $1
