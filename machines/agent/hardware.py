"""What a machine is made of, as its operating system and NVML say: for its owner, and for whoever asks the agent.

Nobody is paid by it: what counts is measured by verifiers.
"""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from hashlib import sha256
from typing import Final

import msgspec
import psutil

_MB: Final = 1_000_000
_CPU_CLASS: Final = "CPU"
_GPU_CLASSES: Final = (
    (r"\bB200\b", "B200"),
    (r"\bH200\b", "H200"),
    (r"\bH100\b", "H100"),
    (r"\bA100\b.*80", "A100-80GB"),
    (r"\bA100\b", "A100-40GB"),
    (r"\bL40S\b", "L40S"),
    (r"\b4090\b", "4090"),
    (r"\b3090\b", "3090"),
    (r"\b3080\b", "3080"),
    (r"\bT4\b", "T4"),
)
"""How NVML names the published classes. The first that matches counts."""


class Gpu(msgspec.Struct, frozen=True):
    """One GPU."""

    name: str
    memory_mb: int


class Hardware(msgspec.Struct, frozen=True):
    """One machine."""

    cpu: str
    """The model's name."""
    cores: int
    """Logical ones that this process may use."""
    clock_mhz: int
    """The highest that the system knows; 0 where it does not say."""
    memory_mb: int
    gpus: tuple[Gpu, ...]
    system: str

    @property
    def digest(self) -> bytes:
        """SHA-256 of it as JSON, 32 bytes: what the announcement holds."""
        return sha256(msgspec.json.encode(self, order="deterministic")).digest()

    @property
    def suggested(self) -> tuple[str, int]:
        """Hardware class and number of processors: GPUs of the first one's kind, or all cores."""
        classes = [_class_of(gpu.name) for gpu in self.gpus]
        known = next((name for name in classes if name), None)
        return (known, classes.count(known)) if known else (_CPU_CLASS, self.cores)


def detect() -> Hardware:
    """This machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Hardware(
        cpu=_cpu_model(),
        cores=cores,
        clock_mhz=_clock_mhz(),
        memory_mb=psutil.virtual_memory().total // _MB,
        gpus=_gpus(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def _class_of(gpu: str) -> str | None:
    return next((name for pattern, name in _GPU_CLASSES if re.search(pattern, gpu)), None)


def _cpu_model() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()


def _clock_mhz() -> int:
    frequency = None
    with suppress(Exception):  # psutil raises many things on machines that hide it
        frequency = psutil.cpu_freq()
    return int(frequency.max or frequency.current) if frequency else 0


def _gpus() -> tuple[Gpu, ...]:
    import pynvml  # type: ignore[import-untyped] # it has no types

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()  # no driver, no GPU
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            Gpu(str(pynvml.nvmlDeviceGetName(handle)), pynvml.nvmlDeviceGetMemoryInfo(handle).total // _MB)
            for handle in handles
        )
    finally:
        pynvml.nvmlShutdown()
