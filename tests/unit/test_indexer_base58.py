"""Base58 of columns: what a library says of each text alone."""

import based58
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.decoding import base58

ANY_TIME = settings(deadline=None)
"""Cores are shared: how long one example takes says nothing."""


@ANY_TIME
@given(raw=st.binary(max_size=1_500))
def test_one_text_is_decoded_as_the_library_does(raw: bytes) -> None:
    """Leading zeros, nothing, and lengths for which no matrix is made."""
    text = based58.b58encode(raw).decode()
    assert base58.decode(text) == raw
    assert base58.encode(raw) == text


@ANY_TIME
@given(size=st.integers(1, 700), zeros=st.integers(0, 12), fill=st.data())
def test_a_column_is_decoded_as_its_texts_are(size: int, zeros: int, fill: st.DataObject) -> None:
    """Texts of one length, whose bytes may be of two; with any number of zeros in front."""
    values = [bytes(min(zeros, size)) + fill.draw(st.binary(min_size=size, max_size=size)) for _ in range(3)]
    values += [b"\xff" * size, bytes(size), bytes(size - 1) + b"\1", b"\1" + bytes(size - 1)]
    by_length: dict[int, list[str]] = {}
    for text in (based58.b58encode(value).decode() for value in values):
        by_length.setdefault(len(text), []).append(text)
    for texts in by_length.values():
        for many in (texts, texts * 8):
            rows, lengths = base58.decode_column(many)
            found = [bytes(row[row.size - length :]) for row, length in zip(rows, lengths, strict=True)]
            assert found == [based58.b58decode(text.encode()) for text in many]


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("text", ["0OIl", "123é", "abc ", "abc\x00"])
def test_what_is_no_base58_is_refused(text: str, count: int) -> None:
    """Alone or among others, with what was wrong."""
    with pytest.raises(ValueError, match="no base58"):
        base58.decode_column([*["1" * len(text)] * (count - 1), text])
