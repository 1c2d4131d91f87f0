"""What the devices put on the wire, and when: late, twice and out of order, as devices do."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from simulator.devices import Device, Format, Kind, Recording, Transport, spells
from simulator.plane import Floats
from simulator.shift import SHIFT_S

UPLOAD_FIXES = 500
"""Fixes in one part of a handheld's file."""
TWICE: dict[Kind, float] = {"radio": 0.02, "phone": 0.02, "handheld": 0.2}
"""How often a message is sent once more."""
HELD_UP = 0.015
"""How often one of a phone's messages is overtaken by later ones."""
KMH_A_MPS = 3.6

Fix = dict[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it goes out: an MQTT publication or the body of an HTTP POST."""

    at_s: float
    """Seconds since the shift began."""
    device: str
    transport: Transport
    format: Format
    target: str
    """The MQTT topic, or the HTTP path."""
    body: bytes


class NotReceivedError(Exception):
    """A message for which there was no receipt."""

    def __init__(self, message: Message, answer: str) -> None:
        self.message = message
        self.answer = answer
        super().__init__(
            f"{message.device}, {message.at_s:.1f} s into the shift,"
            f" {message.transport} {message.target}: {answer}"
        )


def send(recording: Recording, start: datetime, rng: np.random.Generator) -> list[Message]:
    """The messages that carry a device's fixes, each fix at least once, by time of sending.

    `start` is the moment, aware, at which the shift began.
    """
    device = recording.device
    fixes = (
        _owntracks(recording, start) if device.format == "owntracks" else _pings(recording, start)
    )
    first = Message(0.0, device.name, device.transport, device.format, _target(device), b"")
    messages = []
    for at_s, carried in DEPARTURES[device.kind](recording.t_s, rng):
        body = _body(device, [fixes[index] for index in carried])
        messages.append(replace(first, at_s=at_s, body=body))
        if rng.random() < TWICE[device.kind]:
            messages.append(replace(messages[-1], at_s=at_s + rng.uniform(1.0, 40.0)))
    return sorted(messages, key=lambda message: message.at_s)


Departures = Iterator[tuple[float, list[int]]]


def _from_radio(t_s: Floats, rng: np.random.Generator) -> Departures:
    """Live where there is coverage; elsewhere stored, and sent together, at times after newer."""
    stored = np.zeros(t_s.shape, dtype=np.bool_)
    for start, end in spells(4.0, 600.0, 2400.0, rng):
        batch = (t_s >= start) & (t_s < end) & ~stored
        stored |= batch
        if batch.any():
            held_s = rng.choice([3.0, rng.uniform(90.0, 400.0)])
            yield end + held_s, np.flatnonzero(batch).tolist()
    for index in np.flatnonzero(~stored).tolist():
        yield float(t_s[index]) + rng.uniform(0.5, 2.0), [index]


def _from_phone(t_s: Floats, rng: np.random.Generator) -> Departures:
    """One by one; out of coverage a queue builds up, which goes out in a burst, oldest first."""
    leaves = t_s + rng.uniform(0.3, 1.5, len(t_s))
    for start, end in spells(2.0, 300.0, 1500.0, rng):
        queued = np.flatnonzero((leaves >= start) & (leaves < end))
        leaves[queued] = end + 0.05 * np.arange(len(queued))
    leaves += np.where(rng.random(len(t_s)) < HELD_UP, rng.uniform(20.0, 90.0, len(t_s)), 0.0)
    for index, at_s in enumerate(leaves.tolist()):
        yield at_s, [index]


def _from_handheld(t_s: Floats, rng: np.random.Generator) -> Departures:
    """The whole file in parts, when the officer is back at the station."""
    docked_s = SHIFT_S + rng.uniform(60.0, 600.0)
    for part, first in enumerate(range(0, len(t_s), UPLOAD_FIXES)):
        yield docked_s + 2.0 * part, list(range(first, min(first + UPLOAD_FIXES, len(t_s))))


DEPARTURES: dict[Kind, Callable[[Floats, np.random.Generator], Departures]] = {
    "radio": _from_radio,
    "phone": _from_phone,
    "handheld": _from_handheld,
}


def _target(device: Device) -> str:
    if device.transport == "http":
        return f"/ingest/{device.format}"
    if device.format == "owntracks":
        return f"owntracks/{device.owntracks_address}"
    return f"beatkeeper/up/{device.name}/pings"


def _body(device: Device, fixes: list[Fix]) -> bytes:
    """A handheld's part as NDJSON, a radio's batch as `{"fixes": [...]}`, a single fix alone."""
    if device.kind == "handheld":
        return "\n".join(map(json.dumps, fixes)).encode()
    return json.dumps(fixes[0] if len(fixes) == 1 else {"fixes": fixes}).encode()


def _pings(recording: Recording, start: datetime) -> list[Fix]:
    """The fixes as the product's own JSON has them: decimetres, milliseconds."""
    columns = zip(
        recording.t_s.tolist(),
        recording.lat.round(6).tolist(),
        recording.lon.round(6).tolist(),
        recording.accuracy_m.round(1).tolist(),
        recording.speed_mps.round(2).tolist(),
        recording.heading_deg.round(1).tolist(),
        strict=True,
    )
    fixes = []
    for t_s, lat, lon, accuracy_m, speed_mps, heading_deg in columns:
        time = (start + timedelta(seconds=t_s)).isoformat(timespec="milliseconds")
        fix: Fix = {"time": time, "lat": lat, "lon": lon}
        if recording.device.gives_accuracy:
            fix["accuracy_m"] = accuracy_m
        fixes.append(fix | {"speed_mps": speed_mps, "heading_deg": heading_deg})
    return fixes


def _owntracks(recording: Recording, start: datetime) -> list[Fix]:
    """The fixes as the OwnTracks app has them: whole seconds, metres, km/h and degrees."""
    began = int(start.timestamp())
    user, _ = recording.device.owntracks_address.split("/")
    fixed: Fix = {"_type": "location", "tid": user[-2:], "t": "t", "conn": "m"}
    if recording.device.transport == "http":
        fixed["topic"] = f"owntracks/{recording.device.owntracks_address}"
    columns = zip(
        (recording.t_s.astype(np.int64) + began).tolist(),
        recording.lat.round(6).tolist(),
        recording.lon.round(6).tolist(),
        recording.accuracy_m.round().astype(np.int64).tolist(),
        (recording.speed_mps * KMH_A_MPS).astype(np.int64).tolist(),
        recording.heading_deg.astype(np.int64).tolist(),
        strict=True,
    )
    names = ("tst", "lat", "lon", "acc", "vel", "cog")
    return [fixed | dict(zip(names, row, strict=True)) for row in columns]


FORMATS: dict[Format, Callable[[Recording, datetime], list[Fix]]] = {
    "owntracks": _owntracks,
    "pings": _pings,
}
