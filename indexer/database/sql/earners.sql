-- Everyone who can earn, with the address of the account that earns for it.
SELECT actor, earner FROM indexer.actor WHERE earner IS NOT NULL
