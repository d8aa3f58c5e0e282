-- Strikes assignments that the replay has seen by slot $1, or that were sent more than $2 seconds ago.
DELETE FROM indexer.assignment AS a
WHERE a.sent_at < now() - make_interval(secs => $2) OR EXISTS (
    SELECT FROM chain.job_started AS s WHERE s.job = a.job AND s.assignment = a.assignment AND s.slot <= $1
)
