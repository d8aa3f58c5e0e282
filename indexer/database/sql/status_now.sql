-- How the indexer stands, by its database: one row.
SELECT
    cursor.slot,
    cursor.time,
    cursor.digest,
    (SELECT count(*) FROM indexer.quarantine) AS quarantined,
    (SELECT max(epoch) FROM chain.scores_finalized) AS final_epoch,
    (SELECT digest FROM chain.scores_finalized ORDER BY epoch DESC LIMIT 1) AS final_digest,
    (SELECT max(last) FROM chain.epochs_closed) AS closed_epoch,
    replay.events,
    replay.seconds,
    replay.ended_at AS replayed_at,
    (SELECT coalesce(sum(events), 0) FROM indexer.replay WHERE ended_at > now() - interval '1 minute') AS recent_events,
    (SELECT coalesce(max(first_slot), 0) FROM indexer.retention) AS oldest_slot,
    pg_database_size(current_database()) AS database_bytes,
    drift.slot AS compared_slot,
    drift.compared,
    cardinality(drift.differences) AS differing
FROM (SELECT) AS always
LEFT JOIN indexer.cursor ON true
LEFT JOIN (SELECT * FROM indexer.replay ORDER BY id DESC LIMIT 1) AS replay ON true
LEFT JOIN (SELECT * FROM indexer.drift ORDER BY id DESC LIMIT 1) AS drift ON true
