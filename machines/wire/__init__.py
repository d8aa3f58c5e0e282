"""How machines speak: pinned TLS, signed requests and answers, bounded reads. Uses `client` for keys and errors."""
