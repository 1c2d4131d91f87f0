"""PostgreSQL's binary COPY format, to and from columns without a step per row.

Source: PostgreSQL documentation, COPY, "Binary Format". Each field is a length and that many
bytes, so a column becomes a matrix of bytes with a mask of those that count: all of a value's,
only the length's (-1) where it is null, fewer where it is shorter than the column's longest.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
# timestamptz counts microseconds from 2000-01-01.
_EPOCH_US = 946_684_800_000_000
_LENGTH = 4


class Field(NamedTuple):
    """One column: its bytes, uint8[n, 4 + widest value], and which count, bool[n, the same]."""

    data: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.bool_]


def int4(values: npt.NDArray[np.int64]) -> Field:
    """An `integer` column from int64[n]."""
    return _fixed(values.astype(">i4"))


def int8(values: npt.NDArray[np.int64]) -> Field:
    """A `bigint` column from int64[n]."""
    return _fixed(values.astype(">i8"))


def timestamptz(time_us: npt.NDArray[np.int64]) -> Field:
    """A `timestamptz` column from microseconds since the Unix epoch, int64[n]."""
    return _fixed((time_us - _EPOCH_US).astype(">i8"))


def float8(values: npt.NDArray[np.float64]) -> Field:
    """A `double precision` column from float64[n]; NaN becomes null."""
    field = _fixed(values.astype(">f8"))
    null = np.isnan(values)
    field.data[null, :_LENGTH] = 0xFF
    field.counts[null, _LENGTH:] = False
    return field


def text(values: Sequence[str], codes: npt.NDArray[np.integer]) -> Field:
    """A `text` column of few different values: the values, and which one each row has, int[n]."""
    encoded = [value.encode() for value in values]
    lengths = np.array([len(value) for value in encoded])
    padded = np.array(encoded).view(np.uint8).reshape(len(encoded), -1)
    data = np.hstack([lengths.astype(">i4")[:, None].view(np.uint8), padded])
    counts = np.arange(data.shape[1]) < lengths[:, None] + _LENGTH
    return Field(data[codes], counts[codes])


def encode(fields: Sequence[Field]) -> bytes:
    """The whole stream for rows of these columns, in this order."""
    n = len(fields[0].data)
    count = np.frombuffer(len(fields).to_bytes(2, "big"), np.uint8)
    data = np.hstack([np.broadcast_to(count, (n, 2)), *(field.data for field in fields)])
    counts = np.hstack([np.ones((n, 2), bool), *(field.counts for field in fields)])
    return b"".join((_HEADER, data[counts].tobytes(), _TRAILER))


def decode(stream: bytes | memoryview, types: Mapping[str, str]) -> npt.NDArray[np.void]:
    """The rows of a stream as records; `types` are numpy's, by name, each of 8 bytes.

    Nothing in it may be null.
    """
    fields = [
        pair for name, kind in types.items() for pair in ((f"{name} length", ">i4"), (name, kind))
    ]
    row = np.dtype([("count", ">i2"), *fields])
    n = (len(stream) - len(_HEADER) - len(_TRAILER)) // row.itemsize
    return np.frombuffer(stream, row, n, len(_HEADER))


def values(stream: bytes | memoryview, lengths: npt.NDArray[np.int64]) -> bytes:
    """The values of the one column of a stream, end to end; `lengths` are theirs, int64[n].

    Nothing in it may be null.
    """
    ends = np.cumsum(lengths)
    heads = len(_HEADER) + ends - lengths + np.arange(len(lengths)) * (2 + _LENGTH)
    data = np.frombuffer(stream, np.uint8)
    counts = np.ones(len(data), np.bool_)
    counts[: len(_HEADER)] = counts[-len(_TRAILER) :] = False
    for byte in range(2 + _LENGTH):
        counts[heads + byte] = False
    return data[counts].tobytes()


def from_timestamptz(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Microseconds since the Unix epoch from the integers of a `timestamptz` column."""
    return values + _EPOCH_US


def _fixed(values: npt.NDArray[np.generic]) -> Field:
    width = values.dtype.itemsize
    data = np.empty((len(values), _LENGTH + width), np.uint8)
    data[:, :_LENGTH] = np.frombuffer(width.to_bytes(_LENGTH, "big"), np.uint8)
    data[:, _LENGTH:] = values.view(np.uint8).reshape(-1, width)
    return Field(data, np.ones(data.shape, bool))
