"""What a job is and how it is run: spec, content, sandbox, container, supervisor. Uses `client.errors`; no network."""
