"""Fixes past the decoder: one array a property, all of one length."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from operator import attrgetter
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.fix import Fix

# What a device may say of itself. Outside these a value is its way of saying "unknown" (-1, 1e38,
# 65535), or noise; the position beside it is as good as any.
_PLAUSIBLE: Final = {
    "accuracy_m": (0.0, 20_037_509.0),  # half way round the earth
    "speed_mps": (0.0, 1_000.0),
    "heading_deg": (0.0, 360.0),
    "altitude_m": (-12_000.0, 100_000.0),
    "battery_pct": (0.0, 100.0),
}


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """The fixes of one message, the device of each, and their source (a position in SOURCES)."""

    fixes: Sequence[Fix]
    devices: Sequence[int]
    received_us: int
    source: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Fixes as arrays of equal length n: microseconds UTC, degrees WGS84, SI units, NaN unknown.

    `device` is the device's number, `source` the position of its wire format's name in
    `ingest.decoders.SOURCES`.
    """

    device: npt.NDArray[np.int64]
    time_us: npt.NDArray[np.int64]
    received_us: npt.NDArray[np.int64]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    accuracy_m: npt.NDArray[np.float64]
    speed_mps: npt.NDArray[np.float64]
    heading_deg: npt.NDArray[np.float64]
    altitude_m: npt.NDArray[np.float64]
    battery_pct: npt.NDArray[np.float64]
    source: npt.NDArray[np.uint8]

    @property
    def n(self) -> int:
        """Give the number of fixes."""
        return len(self.time_us)

    @classmethod
    def of(cls, deliveries: Sequence[Delivery]) -> Self:
        """Join deliveries, in their order, turning implausible side values into unknown ones."""
        fixes = list(chain.from_iterable(delivery.fixes for delivery in deliveries))
        sizes = [len(delivery.fixes) for delivery in deliveries]
        received = [delivery.received_us for delivery in deliveries]
        return cls(
            device=np.array(
                list(chain.from_iterable(delivery.devices for delivery in deliveries)), np.int64
            ),
            time_us=np.array([fix.time_us for fix in fixes], np.int64),
            received_us=np.repeat(np.array(received, np.int64), sizes),
            lat=np.array([fix.lat for fix in fixes], np.float64),
            lon=np.array([fix.lon for fix in fixes], np.float64),
            source=np.repeat(np.array([d.source for d in deliveries], np.uint8), sizes),
            **{name: _plausible(name, fixes) for name in _PLAUSIBLE},
        )

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """Join columns (at least one) end to end."""
        parts = list(parts)
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Self:
        """Give the rows that a mask of length n, or an array of positions, names."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))


def _plausible(name: str, fixes: Sequence[Fix]) -> npt.NDArray[np.float64]:
    """Give one optional property of the fixes, NaN where it is None or cannot be true."""
    values = np.array(list(map(attrgetter(name), fixes)), np.float64)
    least, most = _PLAUSIBLE[name]
    values[~((values >= least) & (values <= most))] = np.nan
    return values
