"""Real machines: the node's agent, the verifier that measures it, the renter's side of a job. Uses `client`."""
