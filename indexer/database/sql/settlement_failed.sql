-- Notes that the transaction of job $1, period $2, signature $3 is on the chain and failed, for the reason $4.
UPDATE indexer.settlement
SET state = 'refused', transaction = NULL, reason = $4, refusals = refusals + 1, ended_at = now()
WHERE job = $1 AND period = $2 AND signature = $3 AND state IN ('signed', 'sent')
