"""What the indexer refuses or cannot do: the message says what, with which value, and what to do."""

from client.errors import IonetError, Unreachable


class DatabaseUnavailable(IonetError):
    """PostgreSQL cannot be reached, or is not ours to write."""


class NodeUnavailable(Unreachable):
    """The RPC node cannot be reached, or does not answer as one."""


class ChainMismatch(IonetError):
    """What the node shows does not follow from what was read before: a gap, a fork, or another chain."""


class PublishRefused(IonetError):
    """Scores or settlements are not sent now."""


class VerifyRefused(IonetError):
    """An epoch cannot be verified yet."""


class IncompleteBlock(IonetError):
    """The node left out of a block what must be read: nothing of it may be taken."""
