"""What a job is and how it is run: spec, content, sandbox, container, supervisor. No network.

Uses `client.errors` and `client.files`.
"""
