-- What was settled after slot $1 and up to slot $2: seconds of nodes; dollars and finished jobs of users.
SELECT actor, sum(seconds)::bigint AS seconds, sum(usd) AS usd, sum(jobs)::bigint AS jobs
FROM (
    SELECT s.node AS actor, s.to_second - s.from_second AS seconds, 0 AS usd, 0 AS jobs
    FROM chain.job_settled AS s
    WHERE s.slot > $1 AND s.slot <= $2
    UNION ALL
    SELECT o."user", 0, s.gross, 0
    FROM chain.job_settled AS s
    JOIN chain.job_opened AS o USING (job)
    WHERE s.slot > $1 AND s.slot <= $2
    UNION ALL
    SELECT o."user", 0, 0, 1
    FROM chain.job_finished AS f
    JOIN chain.job_opened AS o USING (job)
    WHERE f.slot > $1 AND f.slot <= $2 AND f.worked_seconds > 0
) AS work
GROUP BY actor
