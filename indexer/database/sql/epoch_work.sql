-- What came of jobs in epoch $1: one row an actor. No more dollars than a token can have.
SELECT actor, seconds, indexer.signed(least(usd, 18446744073709551615)) AS usd, jobs, failed, lost
FROM indexer.work
WHERE epoch = $1
