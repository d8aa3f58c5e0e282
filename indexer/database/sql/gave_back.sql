-- Nodes that had the job $1 and lost it, up to slot $2.
SELECT DISTINCT node FROM chain.job_released WHERE job = $1 AND slot <= $2
