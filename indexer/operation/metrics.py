"""Figures for Prometheus, in a registry of their own."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

PREFIX: Final = "ionet_indexer"
_SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Metrics:
    """What one service counts, since it began, and what it saw last."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls: Tally[tuple[str, str]] = Tally()
        """Calls of the node by method and outcome: `ok`, `busy`, `retried`, `failed`."""

        self.blocks = self._counter("blocks", "Blocks that were read and stored.")
        self.transactions = self._counter("transactions", "Transactions in them, of any kind.")
        self.events = self._counter("events", "Events and rows of records of ours in them.")
        self.settlements = self._counter("settlements", "Settlements of jobs that were sent.", "result")
        self.failures = self._counter("job_failures", "Looks of the schedule's jobs that failed.", "job")
        self.batch_seconds = self._histogram("batch_seconds", "From one stored batch of blocks to the next.")
        self.job_seconds = self._histogram("job_seconds", "One look of a job of the schedule.", "job")

        self.cursor_slot = self._gauge("cursor_slot", "Slot up to which the chain was read.")
        self.cursor_time = self._gauge("cursor_time_seconds", "Of its block, Unix seconds by the chain's clock.")
        self.finalized_slot = self._gauge("finalized_slot", "Newest final slot of the node.")
        self.lag_slots = self._gauge("lag_slots", "Final slots that were not read yet.")
        self.lag_seconds = self._gauge("lag_seconds", "Their time, by the chain's clock.")
        self.quarantined = self._gauge("quarantined", "Messages of our programs that were not understood.")
        self.final_epoch = self._gauge("final_epoch", "Last epoch whose scores are final, as far as replayed.")
        self.closed_epoch = self._gauge("closed_epoch", "Last closed epoch, as far as replayed.")
        self.open_settlements = self._gauge("open_settlements", "Settlements on their way.")
        self.stuck_settlements = self._gauge("stuck_settlements", "Settlements that were refused, or are in no block.")
        self.drift_balances = self._gauge("drift_balances", "Balances that differed when they were last compared.")
        self.compared_slot = self._gauge("compared_slot", "Slot as of which balances were last compared.")
        self.database_bytes = self._gauge("database_bytes", "Size of the database.")
        self.up = self._gauge("up", "1 where the part answers.", "part")
        self.alarm = self._gauge("alarm", "1 while an alarm of the kind is open.", "kind")
        Info(f"{PREFIX}_build", "What runs.", registry=self.registry).info({"version": _version()})
        self.registry.register(_Calls(self.calls))

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", about, labels, buckets=_SECONDS, registry=self.registry)


class _Calls(Collector):
    """Shows the calls of the node, which are counted where they are made."""

    def __init__(self, calls: Tally[tuple[str, str]]) -> None:
        self._calls = calls

    def collect(self) -> Iterator[CounterMetricFamily]:
        found = CounterMetricFamily(f"{PREFIX}_rpc_calls", "Calls of the node.", labels=("method", "outcome"))
        for (method, outcome), count in sorted(self._calls.copy().items()):
            found.add_metric((method, outcome), count)
        yield found


def _version() -> str:
    try:
        return version("ionet")
    except PackageNotFoundError:
        return "unknown"
