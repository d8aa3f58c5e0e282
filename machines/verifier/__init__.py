"""Challenges, measured by the verifier's clock: `ionet verifier`. Uses `wire`, `proofs` and `client`."""
