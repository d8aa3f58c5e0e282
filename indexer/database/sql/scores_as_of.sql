-- Everybody's score after epoch $1, from all that was kept: what stood last, idle for as many epochs more as passed.
SELECT DISTINCT ON (actor) actor, points, reputation, idle_epochs + $1 - epoch AS idle_epochs
FROM indexer.score
WHERE epoch <= $1
ORDER BY actor, epoch DESC
