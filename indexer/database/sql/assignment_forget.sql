-- Strikes the starts that the replay has seen by slot $1.
DELETE FROM indexer.assignment AS a
USING chain.job_started AS s
WHERE s.job = a.job AND s.assignment = a.assignment AND s.slot <= $1
