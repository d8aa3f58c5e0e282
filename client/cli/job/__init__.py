"""`ionet job`"""

from client.cli.job import renting, working, disputes, views  # noqa: F401, I001 - commands in the order of their help
from client.cli.job.group import app

__all__ = ["app"]
