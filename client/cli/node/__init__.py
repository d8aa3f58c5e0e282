"""`ionet node`"""

from client.cli.node import owning, views  # noqa: F401 - commands in the order of their help
from client.cli.node.group import app

__all__ = ["app"]
