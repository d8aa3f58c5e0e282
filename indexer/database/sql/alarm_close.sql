-- Closes the alarm of kind $1, if one is open: since when it was.
UPDATE indexer.alarm SET until = now() WHERE kind = $1 AND until IS NULL RETURNING since, detail
