-- The newest $1 events of the provisional tail, oldest first.
SELECT * FROM (
    SELECT e.slot, b.time, e.tx_index, e.path, e.item, e.name, e.blockhash, e.signature, e.fields
    FROM tail.event AS e
    JOIN tail.block AS b USING (slot)
    ORDER BY e.slot DESC, e.tx_index DESC, e.path DESC, e.item DESC, e.name DESC
    LIMIT $1
) AS newest
ORDER BY slot, tx_index, path, item, name
