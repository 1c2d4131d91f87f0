"""A visit's spans as bytes."""

import struct

import numpy as np
import numpy.typing as npt

from geofence.model import Span

# `kind` is that of `Span`.
SPAN = np.dtype([("start_us", "<i8"), ("end_us", "<i8"), ("kind", "u1")])
_SIZE, _KIND_AT, _KINDS = SPAN.itemsize, SPAN.itemsize - 1, [int(kind) for kind in Span]
_START = struct.Struct("<q").unpack_from


def pack(
    start_us: npt.NDArray[np.int64], end_us: npt.NDArray[np.int64], kind: npt.NDArray[np.uint8]
) -> bytes:
    """One visit's spans, columns of equal length, as bytes."""
    spans = np.empty(len(start_us), SPAN)
    spans["start_us"], spans["end_us"], spans["kind"] = start_us, end_us, kind
    return spans.tobytes()


def unpack(packed: bytes) -> npt.NDArray[np.void]:
    """The spans of one visit, or of several joined end to end, as records of SPAN."""
    return np.frombuffer(packed, SPAN)


def grown(told: bytes, news: bytes) -> bytes:
    """What was told of a visit's spans and what is new: of each kind, the old before the new.

    Both are in order of kind, then start. It is done for each visit that grows, and a visit grows
    at its ends only: so on the bytes, looking at no more than what is replaced.
    """
    kinds, new_kinds = told[_KIND_AT::_SIZE], news[_KIND_AT::_SIZE]
    parts: list[bytes] = []
    at = new_at = 0
    for kind in _KINDS:
        end = at + _SIZE * kinds.count(kind)
        new_end = new_at + _SIZE * new_kinds.count(kind)
        kept = end if new_at == new_end else _before(told, at, end, news[new_at : new_at + 8])
        parts += told[at:kept], news[new_at:new_end]
        at, new_at = end, new_end
    return b"".join(parts)


def _before(spans: bytes, at: int, end: int, start: bytes) -> int:
    """Where, from `at` to `end`, the last of the spans that begin before `start` ends."""
    (since_us,) = _START(start)
    while end > at and _START(spans, end - _SIZE)[0] >= since_us:
        end -= _SIZE
    return end
