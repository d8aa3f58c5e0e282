-- What was measured for epoch $1 and recorded up to slot $2: a result that comes after the hour does not count. None
-- comes before the first challenge.
SELECT r.node, r.bandwidth, r.memory, r.clock, r.compute, r.latency, r.outcome = 1 AS passed
FROM chain.challenge_committed AS c
JOIN chain.challenge_recorded AS r USING (challenge)
WHERE c.epoch = $1 AND r.slot <= $2
    AND r.slot >= (SELECT min(slot) FROM chain.challenge_committed WHERE epoch = $1)
