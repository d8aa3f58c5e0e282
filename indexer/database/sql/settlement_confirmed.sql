-- Notes that the transaction of job $1, period $2, signature $3 is on the chain, in slot $4.
UPDATE indexer.settlement SET state = 'confirmed', slot = $4, transaction = NULL, reason = NULL, ended_at = now()
WHERE job = $1 AND period = $2 AND signature = $3
