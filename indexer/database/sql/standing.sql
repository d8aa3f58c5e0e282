-- Everybody's score after the last epoch that was scored.
SELECT actor, points, reputation, idle_epochs FROM indexer.standing
