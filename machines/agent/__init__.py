"""The service on an owner's machine: `ionet agent`. Uses `wire`, `proofs`, `jobs` and `client`."""
