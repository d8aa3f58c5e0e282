-- Every start of the job $1 in order, with its draw, and how the node stood that got it.
SELECT s.*, o.class AS hardware_class, o.processors, b.blockhash, o.slot AS opened_slot, a.processors AS node_processors
FROM chain.job_started AS s
JOIN chain.job_opened AS o USING (job)
JOIN chain.block AS b ON b.slot = o.slot
JOIN chain.actor_registered AS a ON a.actor = s.node
WHERE s.job = $1
ORDER BY s.slot, s.tx_index, s.path
