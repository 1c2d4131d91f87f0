"""NMEA 0183 from handhelds and radio gateways: RMC, GGA, GNS, VTG, ZDA and GST of any talker.

Sentences with one time are one epoch, and an epoch is one fix. A date comes from the epoch's RMC or
ZDA, from the unit's last one in the message (or its first, before that), or from receipt: then the
day is the one that brings the time closest. Dates late by whole times 1024 weeks are moved to where
they belong if that is within half a day of receipt, and the unit's others in the message with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.decoders import dating, rollover
from ingest.decoders.frames import numbered_lines
from ingest.decoders.gathering import Gathering, Report
from ingest.decoders.nmealine import Sentence, Values, parse, values
from ingest.decoders.rollover import Dated, unrolled
from ingest.fix import Fix
from ingest.message import Decoded

_VELOCITY: Final = "VTG"  # the one kind that has no time


@dataclass(slots=True)
class _Epoch:
    """What the sentences of one unit say of one time of day."""

    index: int
    device: str | None
    reference_us: int
    of_day_us: int
    said: Values

    def takes(self, said: Values) -> bool:
        """Tell whether a sentence belongs here: it has the same time, and no other date."""
        return said.of_day_us == self.of_day_us and (
            said.date_us is None or self.said.date_us is None or said.date_us == self.said.date_us
        )

    def add(self, said: Values, index: int) -> None:
        """Take from a sentence what no earlier one of the epoch has said."""
        if self.said.lat is None and said.lat is not None:
            self.index = index
        self.said = self.said.completed(said)


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
    return rollover.alike(gathering.decoded(), received_us)


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
    if epoch is not None and epoch.takes(said):
        epoch.add(said, index)
        return
    epoch = _Epoch(index, sentence.device, sentence.reference_us, said.of_day_us, said)
    current[sentence.device] = epoch
    epochs.append(epoch)


def _emit(epochs: Sequence[_Epoch], gathering: Gathering) -> None:
    """Date the epochs and make those with a position fixes."""
    anchors: dict[str | None, int] = {}
    for epoch in reversed(epochs):
        if epoch.said.date_us is not None:
            anchors[epoch.device] = _dated(epoch, epoch.reference_us).time_us
    for epoch in epochs:
        dated = _dated(epoch, anchors.get(epoch.device, epoch.reference_us))
        if epoch.device in anchors:
            anchors[epoch.device] = dated.time_us
        fix = _fix(epoch, dated.time_us)
        if fix is not None:
            gathering.add(epoch.index, Report((fix,), dated.events(fix.device)))


def _dated(epoch: _Epoch, anchor_us: int) -> Dated:
    if epoch.said.date_us is None:
        return Dated(dating.nearest_day(epoch.of_day_us, anchor_us))
    return unrolled(epoch.said.date_us + epoch.of_day_us, epoch.reference_us)


def _fix(epoch: _Epoch, time_us: int) -> Fix | None:
    said = epoch.said
    if said.void or said.lat is None or said.lon is None:
        return None
    return Fix(
        time_us=time_us,
        lat=said.lat,
        lon=said.lon,
        accuracy_m=said.accuracy_m,
        speed_mps=said.speed_mps,
        heading_deg=said.heading_deg,
        altitude_m=said.altitude_m,
        device=epoch.device,
    )
