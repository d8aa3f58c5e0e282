-- Notes why a node did not take the transaction of job $1, period $2, signature $3, which others may have: reason $4.
UPDATE indexer.settlement SET reason = $4, refusals = refusals + 1
WHERE job = $1 AND period = $2 AND signature = $3 AND state IN ('signed', 'sent')
