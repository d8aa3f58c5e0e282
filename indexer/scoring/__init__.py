"""What judges nodes and users: points and reputation, from facts of the chain alone. Pure integers, no I/O."""

from indexer.scoring.availability import Measurement, Node, UnknownClass
from indexer.scoring.epoch import Facts, Score, Work, digest, score
from indexer.scoring.parameters import DEFAULT, REFERENCES, Parameters, Reference
from indexer.scoring.reputation import Activity, Reputation

__all__ = [
    "DEFAULT",
    "REFERENCES",
    "Activity",
    "Facts",
    "Measurement",
    "Node",
    "Parameters",
    "Reference",
    "Reputation",
    "Score",
    "UnknownClass",
    "Work",
    "digest",
    "score",
]
