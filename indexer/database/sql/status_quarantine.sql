-- What is in quarantine, $1 at most, in the order of the chain.
SELECT slot, program, reason FROM indexer.quarantine ORDER BY slot, tx_index, path LIMIT $1
