-- What came of jobs after slot $1 and up to slot $2: seconds of nodes, and jobs they lost by silence; dollars and
-- finished jobs of users; disputes lost. A node loses one in which less than half of its seconds in dispute were
-- accepted, a user one in which all of them were.
SELECT actor, sum(seconds)::bigint AS seconds, sum(usd) AS usd, sum(jobs)::bigint AS jobs,
    sum(failed)::bigint AS failed, sum(lost)::bigint AS lost
FROM (
    SELECT s.node AS actor, s.to_second - s.from_second AS seconds, 0 AS usd, 0 AS jobs, 0 AS failed, 0 AS lost
    FROM chain.job_settled AS s
    WHERE s.slot > $1 AND s.slot <= $2
    UNION ALL
    SELECT o."user", 0, s.gross, 0, 0, 0
    FROM chain.job_settled AS s
    JOIN chain.job_opened AS o USING (job)
    WHERE s.slot > $1 AND s.slot <= $2
    UNION ALL
    SELECT o."user", 0, 0, 1, 0, 0
    FROM chain.job_finished AS f
    JOIN chain.job_opened AS o USING (job)
    WHERE f.slot > $1 AND f.slot <= $2 AND f.worked_seconds > 0
    UNION ALL
    SELECT r.node, 0, 0, 0, 1, 0
    FROM chain.job_released AS r
    WHERE r.slot > $1 AND r.slot <= $2 AND r.failed
    UNION ALL
    SELECT d.node, 0, 0, 0, 0, 1
    FROM chain.dispute_resolved AS d
    WHERE d.slot > $1 AND d.slot <= $2
        AND 2 * (d.accepted_seconds - d.settled_seconds) < d.worked_seconds - d.settled_seconds
    UNION ALL
    SELECT o."user", 0, 0, 0, 0, 1
    FROM chain.dispute_resolved AS d
    JOIN chain.job_opened AS o USING (job)
    WHERE d.slot > $1 AND d.slot <= $2 AND d.accepted_seconds = d.worked_seconds
) AS work
GROUP BY actor
