-- The mint of IO, base58, where the provisional tail up to slot $1 says which it is.
SELECT fields ->> 'io_mint' FROM tail.event WHERE name = 'emission_initialized' AND slot <= $1
