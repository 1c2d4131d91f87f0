"""What an officer carries, and what its receiver makes of where the officer is."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.path import Track
from simulator.plane import Bools, Floats, Plane
from simulator.roster import Officer
from simulator.shift import SHIFT_S

Kind = Literal["radio", "phone", "handheld"]
Format = Literal["owntracks", "pings"]
Transport = Literal["mqtt", "http"]

KINDS: tuple[Kind, ...] = ("radio", "phone", "handheld")

JITTER_S: dict[Kind, float] = {"radio": 1.0, "phone": 1.0, "handheld": 0.0}
# Of a round normal error with deviation s on each axis, 68 % lies within 1.515 s.
RADIUS_68 = 1.515
OWNTRACKS_DEVICE = "app"
"""The second half of an OwnTracks `user/device`; the first is the device's own login."""
ASSUMED_ACCURACY_M = 12.0
"""What to take for a radio that gives no accuracy."""
CANYON = 1.6
"""How much larger the error is where buildings stand close."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the shift and what a service has to know of it."""

    name: str
    kind: Kind
    officer: str
    interval_s: float
    gives_accuracy: bool
    transport: Transport
    format: Format

    @property
    def assumed_accuracy_m(self) -> float:
        """The accuracy to set in its profile, in metres, for fixes that come without."""
        return 0.0 if self.gives_accuracy else ASSUMED_ACCURACY_M

    @property
    def max_gap_s(self) -> float:
        """Seconds without a fix after which nothing is known: two minutes, or 2.5 intervals."""
        return max(120.0, 2.5 * self.interval_s)

    @property
    def owntracks_address(self) -> str:
        """`user/device`, as the OwnTracks app has it."""
        return f"{self.name}/{OWNTRACKS_DEVICE}"


@dataclass(frozen=True, slots=True)
class Recording:
    """The fixes that a device made: float64[n] each, in time order."""

    device: Device
    t_s: Floats
    """Seconds since the shift began."""
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    """Radius that holds 68 % of such fixes; NaN where the device gives none."""
    speed_mps: Floats
    heading_deg: Floats

    def silences(self) -> list[tuple[float, float]]:
        """Start and end of the stretches without a fix that are longer than the device's own."""
        gaps = zip(self.t_s[:-1].tolist(), self.t_s[1:].tolist(), strict=True)
        return [(start, end) for start, end in gaps if end - start > self.device.max_gap_s]


def issue(officers: tuple[Officer, ...], rng: np.random.Generator) -> tuple[Device, ...]:
    """One device to each officer, every kind in every way of getting about."""
    devices = []
    for number, officer in enumerate(officers):
        kind, serial = KINDS[number % len(KINDS)], number // len(KINDS)
        # The OwnTracks app speaks MQTT unless told otherwise, which one of the four was.
        by_mqtt = kind == "radio" or (kind == "phone" and serial != 1)
        device = Device(
            name=f"{kind}-{serial + 1}",
            kind=kind,
            officer=officer.name,
            interval_s=_interval_s(kind, serial, rng),
            gives_accuracy=kind != "radio" or serial % 2 == 0,
            transport="mqtt" if by_mqtt else "http",
            format="owntracks" if kind == "phone" else "pings",
        )
        devices.append(device)
    return tuple(devices)


def record(device: Device, track: Track, plane: Plane, rng: np.random.Generator) -> Recording:
    """The fixes of one device over a shift: late signals, lost ones, and a wandering error."""
    t_s = _moments(device, rng)
    t_s = t_s[~_within(t_s, spells(3.0, 120.0, 420.0, rng))]
    deviation_m = _deviation_m(device, rng) * np.where(
        _within(t_s, spells(4.0, 180.0, 600.0, rng)), CANYON, 1.0
    )
    error = wander(t_s, rng.uniform(60.0, 180.0), rng) * deviation_m
    x, y = track.at(t_s)
    lon, lat = plane.degrees(x + error.real, y + error.imag)
    speed_mps, heading_deg = _motion(track, t_s)
    accuracy_m = RADIUS_68 * deviation_m * rng.lognormal(0.0, 0.12, len(t_s))
    if not device.gives_accuracy:
        accuracy_m = np.full(len(t_s), np.nan)
    return Recording(device, t_s, lon, lat, accuracy_m, speed_mps, heading_deg)


def spells(
    mean: float, shortest_s: float, longest_s: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Start and end of some stretches of a shift, `mean` of them on average, in time order."""
    starts = np.sort(rng.uniform(0.0, SHIFT_S, rng.poisson(mean))).tolist()
    return [(start, start + rng.uniform(shortest_s, longest_s)) for start in starts]


def wander(
    t_s: Floats, memory_s: float, rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    """An error of deviation 1 on each axis (east + north j) that forgets itself over `memory_s`.

    The exact solution of an Ornstein-Uhlenbeck process at the moments `t_s` (Gillespie 1996).
    """
    kept = np.exp(-np.diff(t_s, prepend=-np.inf) / memory_s)
    fresh = rng.normal(size=len(t_s)) + 1j * rng.normal(size=len(t_s))
    fresh *= np.sqrt(1.0 - kept**2)
    error = np.empty(len(t_s), dtype=np.complex128)
    last = 0j
    for index, (keep, new) in enumerate(zip(kept.tolist(), fresh.tolist(), strict=True)):
        error[index] = last = keep * last + new
    return error


def _interval_s(kind: Kind, serial: int, rng: np.random.Generator) -> float:
    """Seconds between fixes. Most radios report once a minute, one of the four less often."""
    if kind == "radio":
        return float(rng.choice([120.0, 180.0, 300.0])) if serial == 1 else 60.0
    return float(rng.choice([10.0, 12.0, 15.0] if kind == "phone" else [5.0, 8.0, 10.0]))


def _moments(device: Device, rng: np.random.Generator) -> Floats:
    """When the device takes a fix: a logger to the beat, the others a little off it."""
    beat = np.arange(rng.integers(0, int(device.interval_s)), SHIFT_S - 1.0, device.interval_s)
    jitter_s = JITTER_S[device.kind] * rng.uniform(-1.0, 1.0, len(beat))
    moments: Floats = np.clip(beat + jitter_s, 0.0, SHIFT_S).round(3)
    return moments


def _deviation_m(device: Device, rng: np.random.Generator) -> float:
    """The deviation of the error on each axis, in metres, under an open sky."""
    low, high = {"radio": (4.0, 7.0), "phone": (3.5, 6.5), "handheld": (3.0, 4.5)}[device.kind]
    return float(rng.uniform(low, high))


def _motion(track: Track, t_s: Floats) -> tuple[Floats, Floats]:
    """Speed in m/s and heading in degrees from north, over a second either side."""
    x1, y1 = track.at(t_s - 1.0)
    x2, y2 = track.at(t_s + 1.0)
    heading_deg = np.degrees(np.arctan2(x2 - x1, y2 - y1)) % 360.0
    return np.hypot(x2 - x1, y2 - y1) / 2.0, heading_deg


def _within(t_s: Floats, stretches: list[tuple[float, float]]) -> Bools:
    """Which moments fall in any of the stretches."""
    found = np.zeros(t_s.shape, dtype=np.bool_)
    for start, end in stretches:
        found |= (t_s >= start) & (t_s < end)
    return found
