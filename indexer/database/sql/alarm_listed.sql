-- Alarms that are open, the oldest first.
SELECT kind, since, detail FROM indexer.alarm WHERE until IS NULL ORDER BY id
