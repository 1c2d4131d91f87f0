"""A visit's spans as bytes."""

import numpy as np
import numpy.typing as npt

from geofence.model import FOREVER, Span

# `kind` is that of `Span`.
SPAN = np.dtype([("start_us", "<i8"), ("end_us", "<i8"), ("kind", "u1")])


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
    """What was told of a visit's spans and what is new: of each kind, the old before the new."""
    before, after = unpack(told), unpack(news)
    kept = [
        before[(before["kind"] == kind) & (before["start_us"] < _since(after, kind))]
        for kind in Span
    ]
    spans = np.concatenate([*kept, after])
    return spans[np.argsort(spans["kind"], kind="stable")].tobytes()


def _since(spans: npt.NDArray[np.void], kind: int) -> int:
    return int(spans["start_us"][spans["kind"] == kind].min(initial=FOREVER))
