"""What the commands of `ionet node` share."""

from __future__ import annotations

from client.cli.options import group

app = group("Owners of GPUs: register nodes, name their agents, show what they earn.")
