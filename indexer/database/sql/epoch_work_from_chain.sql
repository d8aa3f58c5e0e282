-- What came of jobs after slot $1 and up to slot $2, from the chain's own tables: one row an actor.
SELECT actor, sum(seconds)::bigint AS seconds, indexer.signed(least(sum(usd), 18446744073709551615)) AS usd,
    sum(jobs)::bigint AS jobs, sum(failed)::bigint AS failed, sum(lost)::bigint AS lost
FROM chain.work
WHERE slot > $1 AND slot <= $2
GROUP BY actor
