-- Writes down an alarm of kind $1 that was open from $2 until now, and what it said.
INSERT INTO indexer.alarm (kind, since, until, detail) VALUES ($1, $2, now(), $3)
