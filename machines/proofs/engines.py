"""What multiplies matrices on a machine: its GPUs by CuPy or PyTorch, or its processor by numpy.

An engine only moves matrices and says where work is done; the work itself is written once, for all of them
(`matrices.chain`). CuPy and PyTorch are imported where they are there, and are no dependencies. What they are called
with here was not run on a GPU; the same work was, with numpy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it ships none


class Engine(Protocol):
    """Where chains are computed."""

    name: str
    processors: int
    """How many there are: GPUs, or cores that this process may use."""

    def together(self) -> AbstractContextManager[object]:
        """Around all chains."""

    def on(self, processor: int) -> AbstractContextManager[object]:
        """Around one chain, in a thread of its own."""

    def put(self, values: NDArray[Any], processor: int) -> Any:
        """An array, where the processor has it."""

    def get(self, values: Any) -> NDArray[np.float32]:
        """An array of numpy, once it is computed."""


class Numpy:
    """Cores. Each chain keeps to one thread, so that as many chains as there are cores do not disturb one another."""

    name = "numpy"

    def __init__(self) -> None:
        self.processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def together(self) -> AbstractContextManager[object]:
        """One thread of BLAS a call. It holds for the whole process while chains are computed."""
        context: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
        return context

    def on(self, processor: int) -> AbstractContextManager[object]:
        """Any core will do."""
        return nullcontext()

    def put(self, values: NDArray[Any], processor: int) -> Any:
        """The array itself."""
        return values

    def get(self, values: Any) -> NDArray[np.float32]:
        """The array itself."""
        return np.ascontiguousarray(values, np.float32)


class Cupy:
    """GPUs by CuPy, whose products of float32 are full ones unless CUPY_TF32 is set."""

    name = "cupy"

    def __init__(self) -> None:
        self._cupy: Any = import_module("cupy")
        self.processors = int(self._cupy.cuda.runtime.getDeviceCount())

    def together(self) -> AbstractContextManager[object]:
        """Nothing to be done."""
        return nullcontext()

    def on(self, processor: int) -> AbstractContextManager[object]:
        """Makes the GPU that of the thread."""
        device: AbstractContextManager[object] = self._cupy.cuda.Device(processor)
        return device

    def put(self, values: NDArray[Any], processor: int) -> Any:
        """A copy on the thread's GPU."""
        return self._cupy.asarray(values)

    def get(self, values: Any) -> NDArray[np.float32]:
        """A copy; it waits for the GPU."""
        return np.ascontiguousarray(self._cupy.asnumpy(values), np.float32)


class Torch:
    """GPUs by PyTorch."""

    name = "torch"

    def __init__(self) -> None:
        self._torch: Any = import_module("torch")
        self.processors = int(self._torch.cuda.device_count()) if self._torch.cuda.is_available() else 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Products of float32 are full ones while chains are computed, not TF32."""
        before = self._torch.get_float32_matmul_precision()
        self._torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            self._torch.set_float32_matmul_precision(before)

    def on(self, processor: int) -> AbstractContextManager[object]:
        """Makes the GPU that of the thread."""
        device: AbstractContextManager[object] = self._torch.cuda.device(processor)
        return device

    def put(self, values: NDArray[Any], processor: int) -> Any:
        """A copy on the GPU."""
        return self._torch.from_numpy(np.array(values)).to(f"cuda:{processor}")

    def get(self, values: Any) -> NDArray[np.float32]:
        """A copy; it waits for the GPU."""
        return np.ascontiguousarray(values.cpu().numpy(), np.float32)


def engine() -> Engine:
    """CuPy where it finds a GPU, else PyTorch where it finds one, else numpy."""
    for one in (Cupy, Torch):
        try:
            found: Engine = one()
        except Exception:  # noqa: S112 # not installed, or its driver is broken: of many kinds, and none of ours
            continue
        if found.processors:
            return found
    return Numpy()
