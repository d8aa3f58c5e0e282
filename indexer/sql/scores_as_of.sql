-- Every actor's last row up to epoch $1: its score since then, idle for as many epochs more as have passed.
SELECT DISTINCT ON (actor) actor, epoch, points, reputation, idle_epochs
FROM indexer.score
WHERE epoch <= $1
ORDER BY actor, epoch DESC
