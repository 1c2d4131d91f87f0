"""TETRA short data with a position inside: as a radio's PEI prints it, in bare hex, or raw.

The PEI (ETSI EN 300 392-5) prints two lines a message: "+CTSDSR:" with the service, the calling
party and the length in bits, then the data in hex; the calling SSI is the device. Bare lines begin
with the protocol identifier. The transport layer's header is as ftl/tetra-pei reads it, the
compact scheme 0x80 as osmo-tetra-sq5bpf and SvxLink do. Text messages and the modem's other lines
are passed over, so that no message ends up in quarantine.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ingest.decoders import frames, lip, lrrp, nmea, rollover, undated
from ingest.decoders.bits import Bits
from ingest.decoders.frames import Frame
from ingest.decoders.gathering import Gathering, Report
from ingest.errors import DecodeError
from ingest.fix import Event, Fix
from ingest.message import Decoded

_HEADER: Final = "+CTSDSR"
_OTHER_LINES: Final = re.compile(r"\+.*|AT.*|OK|ERROR|RING|NO CARRIER")
_FIELDS: Final = {3: (None, 2), 4: (None, 3), 6: (1, 5), 7: (1, 5)}
"""How many fields a header has: where its calling party and its length are."""

_DIGITS: Final = re.compile(r"\d{1,20}", re.ASCII)
_SSI_DIGITS: Final = 8  # of a TSI the last ones: before them are the country and the network
_SDS_TYPE_4: Final = 12
_STATUS: Final = 13
_EMERGENCY_STATUS: Final = 0

_SIMPLE_LOCATION: Final = 0x03
_LOCATION: Final = 0x83  # the same with a transport layer's header
_LRRP: Final = 0x80
_NMEA_SCHEME: Final = 0x00
_COMPACT_SCHEME: Final = 0x80
_TRANSFER: Final = 0
_ADDRESS_BITS: Final = {0: 8, 1: 24, 2: 48, 7: 0}  # of the forward address, by its type
_EXTERNAL_NUMBER: Final = 3


class _Header(msgspec.Struct, frozen=True):
    service: int
    device: str | None
    length: int
    encrypted: bool


def decode(payload: bytes, received_us: int) -> Decoded:
    """Read every message; a bad one is rejected by the number of its line.

    Raises DecodeError where no line could be read.
    """
    if not frames.is_text(payload):
        return frames.decode_elements([(0, payload)], received_us, _bare)
    dump = _Dump(received_us)
    for index, line in frames.numbered_lines(payload):
        dump.read(index, line)
    return dump.decoded()


@dataclass(slots=True)
class _Dump:
    """Lines of a PEI: a header waits for its data."""

    received_us: int
    gathering: Gathering = field(default_factory=Gathering)
    waiting: tuple[int, _Header | None] | None = None

    def read(self, index: int, line: str) -> None:
        if line.startswith(_HEADER):
            self.give_up()
            self.waiting = (index, None)  # a bad header's data must not pass for nobody's
            self._try(index, line)
        elif _OTHER_LINES.fullmatch(line):
            self.gathering.understood = True
        else:
            self._try(index, line)

    def decoded(self) -> Decoded:
        self.give_up()
        decoded = rollover.alike(self.gathering.decoded(), self.received_us)
        return undated.in_order(decoded, self.received_us)

    def give_up(self) -> None:
        if self.waiting is not None and self.waiting[1] is not None:
            self.gathering.reject(self.waiting[0], ValueError("a header without its data"))
        self.waiting = None

    def _try(self, index: int, line: str) -> None:
        try:
            if line.startswith(_HEADER):
                self.waiting = (index, _header(line))
                return
            waiting, self.waiting = self.waiting, None
            frame = frames.from_line(line)
            if waiting is None:
                self.gathering.add(index, _bare(frame, self.received_us))
            elif waiting[1] is not None:
                self.gathering.add(index, _message(waiting[1], frame, self.received_us))
        except ValueError as error:
            self.gathering.reject(index, error)


def _header(line: str) -> _Header:
    texts = [text.strip(' "') for text in line.partition(":")[2].split(",")]
    if len(texts) not in _FIELDS:
        message = f"{_HEADER}: {len(texts)} fields where 3, 4, 6 or 7 are expected"
        raise ValueError(message)
    calling, length = _FIELDS[len(texts)]
    numbers = (texts[0], texts[length])
    if not all(_DIGITS.fullmatch(text) for text in numbers):
        message = f"{_HEADER}: no service or no length: {line[:60]!r}"
        raise ValueError(message)
    device = texts[calling] if calling else ""
    if _DIGITS.fullmatch(device):
        device = str(int(device[-_SSI_DIGITS:]))
    encrypted = len(texts) == max(_FIELDS) and texts[-1] not in ("", "0")
    return _Header(int(texts[0]), device or None, int(texts[length]), encrypted)


def _message(header: _Header, frame: Frame, received_us: int) -> Report:
    if header.service not in (_SDS_TYPE_4, _STATUS):
        return Report()
    if header.encrypted:
        message = "encrypted end to end: it cannot be read here"
        raise ValueError(message)
    bits = frame.bits()
    bits.cut(header.length)
    if header.service == _SDS_TYPE_4:
        return _short_data(bits, received_us, header.device)
    if bits.number(16) != _EMERGENCY_STATUS:
        return Report()
    return Report(events=(Event(received_us, "emergency", header.device),))


def _bare(frame: Frame, received_us: int) -> Report:
    bits = frame.bits()
    if lip.is_bare_long(bits):
        return lip.report(bits, received_us, frame.device)
    return _short_data(bits, received_us, frame.device)


def _short_data(bits: Bits, received_us: int, device: str | None) -> Report:
    """Read SDS type 4 by its protocol identifier; ValueError where a position is broken."""
    identifier = bits.number(8)
    if identifier == lip.PID:
        return lip.report(bits, received_us, device)
    if identifier == _LRRP:
        return lrrp.report(bits.octets(), received_us, device)
    if identifier == _SIMPLE_LOCATION:
        return _location(bits, received_us, device)
    if identifier == _LOCATION and _is_transfer(bits):
        return _location(bits, received_us, device)
    return Report()


def _is_transfer(bits: Bits) -> bool:
    """Step over the SDS-TL header; False for reports and acknowledgements, which hold no data."""
    kind = bits.number(4)
    bits.number(3)  # which report of delivery is wanted
    forwarded = bits.number(1)
    bits.number(8)  # the message's reference
    if kind != _TRANSFER:
        return False
    if forwarded:
        bits.number(5)  # how long it may be kept
        address = bits.number(3)
        if address == _EXTERNAL_NUMBER:
            digits = bits.number(8)
            bits.number(4 * (digits + digits % 2))
        else:
            bits.number(_ADDRESS_BITS.get(address, 0))
    return True


def _location(bits: Bits, received_us: int, device: str | None) -> Report:
    scheme = bits.number(8)
    if scheme == lip.PID:
        return lip.report(bits, received_us, device)
    if scheme == _NMEA_SCHEME:
        try:
            said = nmea.decode(bits.octets(), received_us)
        except DecodeError as error:
            raise ValueError(str(error)) from error
        return Report(
            tuple(msgspec.structs.replace(fix, device=device) for fix in said.fixes),
            tuple(msgspec.structs.replace(event, device=device) for event in said.events),
        )
    if scheme != _COMPACT_SCHEME:
        return Report()
    bits.number(12)
    lat, lon = bits.signed(24), bits.signed(24)
    if not lat and not lon:
        return Report()
    return Report((Fix(received_us, lat * 180 / 2**24, lon * 360 / 2**24, device=device),))
