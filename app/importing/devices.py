"""Devices to be enrolled, out of a table: what its rows say, and what is wrong beside each other.

A blank profile is the kind's. `addresses` holds what has no column of its own, as `kind:address`
with commas or semicolons between.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.compliance.limits import DEVICE_NAME, LONGEST_DEVICE_NAME, OWNTRACKS_ADDRESS
from app.importing import files
from app.importing.entries import Told
from app.importing.grid import Cell
from app.importing.headings import DEVICES
from app.importing.problems import Findings, Unsound
from app.importing.row import Row
from app.importing.sections import section_of
from app.importing.values import name, names

MOST_DEVICES: Final = 20_000
KINDS: Final = ("radio", "phone", "handheld", "vehicle", "gateway")
GATEWAY: Final = "gateway"
SPEED_UNITS: Final = ("kn", "mps", "kmh", "mph")
_KIND_OF_ADDRESS: Final = re.compile(r"[a-z0-9_]{1,40}")

Address = tuple[str, str]
"""Its kind and what the device is called."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that a row asks for; `addresses` with the column that each stands in."""

    name: str
    kind: str
    profile: str
    addresses: Mapping[Address, str]
    speaks_for: Sequence[str]
    speed_unit: str | None


@dataclass(frozen=True, slots=True)
class There:
    """What is there already: devices by name, their addresses, and the names of profiles."""

    devices: Collection[str]
    addresses: Collection[Address]
    profiles: Collection[str]


def read(file: str, data: bytes, findings: Findings) -> list[Told[Enrolled]]:
    """The devices in a file; what is wrong with its rows is put down in `findings`.

    Raises NoTables where there is no table, Unsound where it lacks columns.
    """
    grid = files.first(file, data, findings, most=MOST_DEVICES)
    section = section_of(grid, DEVICES, findings)
    if section is None:
        raise Unsound(findings)
    rows = [Row(section, line, findings) for line in section.lines]
    found = [(row, _enrolled(row)) for row in rows]
    return [Told(row, entry) for row, entry in found if entry is not None]


def check(told: Sequence[Told[Enrolled]], there: There) -> None:
    """Puts down what cannot be beside another row, or beside what is there."""
    rows: dict[str, int] = {}
    taken: dict[Address, int] = {}
    enrolled = {one.entry.name for one in told}
    for one in told:
        entry, row = one.entry, one.row
        if entry.name in there.devices:
            row.problem("name", f"there is a device {entry.name!r} already")
        elif (first := rows.setdefault(entry.name, row.number)) != row.number:
            row.problem("name", f"row {first} has it, too")
        if entry.profile not in there.profiles:
            row.problem("profile", f"there is no profile {entry.profile!r}")
        for address, column in entry.addresses.items():
            if address in there.addresses:
                row.problem(column, f"another device has the address {address[1]!r}")
            elif (first := taken.setdefault(address, row.number)) != row.number:
                row.problem(column, f"row {first} has the address {address[1]!r}, too")
        for other in entry.speaks_for:
            if other not in enrolled and other not in there.devices:
                row.problem("speaks_for", f"there is no device {other!r}")


def _enrolled(row: Row) -> Enrolled | None:
    called, kind = row.need("name", _device_name), row.need("kind", _one_of(KINDS))
    profile = row.may("profile", name)
    addresses = {address: column for column, address in _addresses(row)}
    speaks_for = row.may("speaks_for", names) or ()
    speed_unit = row.may("speed_unit", _one_of(SPEED_UNITS))
    if speaks_for and kind not in {GATEWAY, None}:
        row.problem("speaks_for", "only a gateway speaks for other devices")
    if called is None or kind is None:
        return None
    once = tuple(dict.fromkeys(speaks_for))
    return Enrolled(called, kind, profile or kind, addresses, once, speed_unit)


def _addresses(row: Row) -> Iterator[tuple[str, Address]]:
    owntracks, issi = row.may("owntracks", _owntracks), row.may("issi", name)
    if owntracks is not None:
        yield "owntracks", ("owntracks", owntracks)
    if issi is not None:
        yield "issi", ("issi", issi)
    for address in row.may("addresses", _listed) or ():
        yield "addresses", address


def _device_name(cell: Cell) -> str:
    text = name(cell)
    if len(text) > LONGEST_DEVICE_NAME or not re.fullmatch(DEVICE_NAME, text):
        msg = (
            f"a device's name has at most {LONGEST_DEVICE_NAME} characters, and none of blank, /,"
            " + and #: it is part of an MQTT topic"
        )
        raise ValueError(msg)
    return text


def _owntracks(cell: Cell) -> str:
    text = name(cell)
    if not re.fullmatch(OWNTRACKS_ADDRESS, text):
        msg = "an owntracks address is user/device, without + and #"
        raise ValueError(msg)
    return text


def _listed(cell: Cell) -> list[Address]:
    found = []
    for part in names(cell):
        kind, colon, address = (text.strip() for text in part.partition(":"))
        if not colon or not address or not _KIND_OF_ADDRESS.fullmatch(kind):
            msg = f"{part!r} is no address: write kind:address, such as dmr:2167005"
            raise ValueError(msg)
        found.append((kind, _owntracks(address) if kind == "owntracks" else address))
    return found


def _one_of(allowed: Sequence[str]) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        text = name(cell).lower()
        if text not in allowed:
            msg = f"{text!r} is none of {', '.join(allowed)}"
            raise ValueError(msg)
        return text

    return read
