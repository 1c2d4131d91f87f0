"""A visit's spans as bytes."""

import numpy as np
import numpy.typing as npt

# `kind` is 0 inside, 1 bridged, 2 sure, as in geofence.model.
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
