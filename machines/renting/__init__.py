"""The renter's side of a job: `ionet job run` and what follows it. Uses `wire`, `jobs` and `client`."""
