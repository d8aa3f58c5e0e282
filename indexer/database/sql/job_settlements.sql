-- Every settlement of the job $1 in order.
SELECT * FROM chain.job_settled WHERE job = $1 ORDER BY slot, tx_index, path
