"""What stands on a cluster, and whether to trust it with money: code, upgrade authorities, offices, mints."""

from client.deployment.cluster import Cluster, cluster_of
from client.deployment.facts import Deployment, Mints, Offices, Program, read
from client.deployment.holders import Holder, Kind, Multisig, Multisigs
from client.deployment.rules import Finding, NotSafe, findings, require_safe

__all__ = [
    "Cluster",
    "Deployment",
    "Finding",
    "Holder",
    "Kind",
    "Mints",
    "Multisig",
    "Multisigs",
    "NotSafe",
    "Offices",
    "Program",
    "cluster_of",
    "findings",
    "read",
    "require_safe",
]
