"""Rows as a Parquet or CSV file: the same integers in both."""

from __future__ import annotations

import csv
from pathlib import Path

from client.errors import IonetError
from simulation.run import Frame

SUFFIXES = (".parquet", ".csv")


class FileRefused(IonetError):
    """A file that cannot be written."""


def writable(file: Path, suffixes: tuple[str, ...]) -> Path:
    """The file, if something can be written there: asked before a long run, not after it. Raises `FileRefused`."""
    if file.suffix.lower() not in suffixes:
        raise FileRefused(f"{file}: give a name that ends with {' or '.join(suffixes)}")
    try:
        existed = file.exists()
        with file.open("ab"):
            pass
        if not existed:
            file.unlink()
    except OSError as failed:
        raise FileRefused(f"{file}: cannot be written: {failed.strerror}") from failed
    return file


def write(frame: Frame, file: Path, about: dict[str, str]) -> None:
    """Writes the rows; Parquet has `about`, and each column's unit and meaning, in its metadata."""
    try:
        if file.suffix.lower() == ".csv":
            _csv(frame, file)
        else:
            _parquet(frame, file, about)
    except OSError as failed:
        raise FileRefused(f"{file}: cannot be written: {failed.strerror or failed}") from failed


def _csv(frame: Frame, file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(column.name for column in frame.columns)
        rows.writerows(zip(*frame.values, strict=True))


def _parquet(frame: Frame, file: Path, about: dict[str, str]) -> None:
    import pyarrow as pa  # type: ignore[import-untyped] # it has no types
    from pyarrow import parquet

    fields = [
        pa.field(
            column.name,
            pa.int64(),
            nullable=False,
            metadata={"unit": column.unit, "kind": column.kind, "meaning": column.meaning},
        )
        for column in frame.columns
    ]
    arrays = [pa.Array.from_buffers(pa.int64(), len(frame), [None, pa.py_buffer(values)]) for values in frame.values]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about))
    parquet.write_table(table, file, compression="zstd")
