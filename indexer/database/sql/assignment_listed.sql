-- Starts that were signed and that the replay has not seen, with what they take of their nodes.
SELECT job, assignment, node, processors FROM indexer.assignment
