-- Appends what came of jobs after slot $1 and up to slot $2, by epoch and actor, by the time of its block. Before the
-- genesis is known or has come, it is the first epoch's; epochs have $3 seconds.
INSERT INTO indexer.work_part (epoch, actor, seconds, usd, jobs, failed, lost)
SELECT greatest(coalesce((at.second - (SELECT genesis FROM chain.emission_initialized)) / $3 + 1, 1), 1) AS epoch,
    w.actor, sum(w.seconds), sum(w.usd), sum(w.jobs), sum(w.failed), sum(w.lost)
FROM chain.work AS w, LATERAL (SELECT b.time AS second FROM chain.block AS b WHERE b.slot = w.slot LIMIT 1) AS at
WHERE w.slot > $1 AND w.slot <= $2
GROUP BY 1, 2
