"""The RPC methods, by what they answer about."""

from . import accounts, blocks, cluster, own, programs, transactions
from .registry import API_VERSION, METHODS, Method

__all__ = [
    "API_VERSION",
    "METHODS",
    "Method",
    "accounts",
    "blocks",
    "cluster",
    "own",
    "programs",
    "transactions",
]
