-- Notes that the transaction of job $1, period $2, signature $3 never will be on the chain.
UPDATE indexer.settlement SET state = 'expired', slot = NULL, transaction = NULL, ended_at = now()
WHERE job = $1 AND period = $2 AND signature = $3
