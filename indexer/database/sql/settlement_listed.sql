-- Settlements that wait: on their way, refused, or confirmed by a node but, by the slot $1, not in any block; the
-- oldest first. Of the confirmed ones, those of slots after $2.
SELECT job, period, action, seconds, state, signature, refusals, reason, coalesce(signed_at, ended_at) AS since
FROM indexer.settlement
WHERE state IN ('signed', 'sent', 'refused')
UNION ALL
SELECT s.job, s.period, s.action, s.seconds, 'unseen', s.signature, s.refusals, s.reason, s.signed_at
FROM indexer.settlement AS s
WHERE s.state = 'confirmed' AND s.seconds > 0 AND s.slot <= $1 AND s.slot > $2
    AND NOT EXISTS (SELECT FROM chain.job_settled AS c WHERE c.slot = s.slot AND c.job = s.job)
ORDER BY since, job
