"""NMEA 0183 from handhelds and radio gateways: RMC, GGA, GNS, VTG, ZDA and GST of any talker.

Sentences with one time are one epoch, and an epoch is one fix. A date comes from the epoch's RMC or
ZDA, from the unit's last one in the message (or its first, before that), or from receipt: then the
day is the one that brings the time closest. Dates late by whole times 1024 weeks are moved to where
they belong if that is within half a day of receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ingest.decoders import dating
from ingest.decoders.frames import numbered_lines
from ingest.decoders.gathering import Gathering, Report
from ingest.decoders.nmealine import Sentence, Values, parse, values
from ingest.fix import Fix
from ingest.message import Decoded

_VELOCITY: Final = "VTG"  # the one kind that has no time
_T = TypeVar("_T", int, float)


@dataclass(slots=True)
class _Epoch:
    """What the sentences of one unit say of one time of day."""

    index: int
    device: str | None
    reference_us: int
    of_day_us: int
    date_us: int | None = None
    lat: float | None = None
    lon: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    void: bool = False

    def takes(self, said: Values) -> bool:
        """Tell whether a sentence belongs here: it has the same time, and no other date."""
        return said.of_day_us == self.of_day_us and (
            said.date_us is None or self.date_us is None or said.date_us == self.date_us
        )

    def add(self, said: Values, index: int) -> None:
        """Take from a sentence what no earlier one of the epoch has said."""
        if self.lat is None and said.lat is not None:
            self.lat, self.lon, self.index = said.lat, said.lon, index
        self.date_us = _first(self.date_us, said.date_us)
        self.altitude_m = _first(self.altitude_m, said.altitude_m)
        self.speed_mps = _first(self.speed_mps, said.speed_mps)
        self.heading_deg = _first(self.heading_deg, said.heading_deg)
        self.accuracy_m = _first(self.accuracy_m, said.accuracy_m)
        self.void |= said.void


def _first(known: _T | None, said: _T | None) -> _T | None:
    return said if known is None else known


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read the sentences of a message, each line one, perhaps with the unit's name before it.

    Lines with a wrong checksum are rejected; sentences that hold no position are passed over.
    Raises DecodeError where no line is a sentence.
    """
    gathering = Gathering()
    epochs: list[_Epoch] = []
    current: dict[str | None, _Epoch] = {}
    for index, line in numbered_lines(payload):
        try:
            sentence = parse(line, received_us)
            if sentence is not None:
                _join(sentence, index, current, epochs)
        except ValueError as error:
            gathering.reject(index, error)
        else:
            gathering.understood = True
    _emit(epochs, gathering)
    return gathering.decoded()


def _join(
    sentence: Sentence, index: int, current: dict[str | None, _Epoch], epochs: list[_Epoch]
) -> None:
    said = values(sentence)
    epoch = current.get(sentence.device)
    if said.of_day_us is None:
        if epoch is not None and sentence.kind == _VELOCITY:
            epoch.add(said, index)
        elif said.lat is not None and not said.void:
            message = f"{sentence.kind}: a position without a time"
            raise ValueError(message)
        return
    if epoch is None or not epoch.takes(said):
        epoch = _Epoch(index, sentence.device, sentence.reference_us, said.of_day_us)
        current[sentence.device] = epoch
        epochs.append(epoch)
    epoch.add(said, index)


def _emit(epochs: Sequence[_Epoch], gathering: Gathering) -> None:
    """Date the epochs and make those with a position fixes."""
    anchors: dict[str | None, int] = {}
    for epoch in reversed(epochs):
        if epoch.date_us is not None:
            anchors[epoch.device] = _dated(epoch, epoch.date_us)
    for epoch in epochs:
        if epoch.date_us is not None:
            time_us = _dated(epoch, epoch.date_us)
        else:
            time_us = dating.nearest_day(
                epoch.of_day_us, anchors.get(epoch.device, epoch.reference_us)
            )
        if epoch.device in anchors:
            anchors[epoch.device] = time_us
        fix = _fix(epoch, time_us)
        if fix is not None:
            gathering.add(epoch.index, Report((fix,)))


def _dated(epoch: _Epoch, date_us: int) -> int:
    return dating.unrolled(date_us + epoch.of_day_us, epoch.reference_us)


def _fix(epoch: _Epoch, time_us: int) -> Fix | None:
    if epoch.void or epoch.lat is None or epoch.lon is None:
        return None
    return Fix(
        time_us=time_us,
        lat=epoch.lat,
        lon=epoch.lon,
        accuracy_m=epoch.accuracy_m,
        speed_mps=epoch.speed_mps,
        heading_deg=epoch.heading_deg,
        altitude_m=epoch.altitude_m,
        device=epoch.device,
    )
