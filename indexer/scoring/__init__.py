"""What judges nodes and users: points and reputation, from facts of the chain alone. Pure integers, no I/O."""

from indexer.scoring.availability import UnknownClass
from indexer.scoring.epoch import digest, digest_of_rows, score
from indexer.scoring.facts import ACTOR, MEASUREMENT, SCORE, WORK, Facts, Reputation, Rows, Score, Scores, places
from indexer.scoring.parameters import DEFAULT, REFERENCES, Parameters, Reference

__all__ = [
    "ACTOR",
    "DEFAULT",
    "MEASUREMENT",
    "REFERENCES",
    "SCORE",
    "WORK",
    "Facts",
    "Parameters",
    "Reference",
    "Reputation",
    "Rows",
    "Score",
    "Scores",
    "UnknownClass",
    "digest",
    "digest_of_rows",
    "places",
    "score",
]
