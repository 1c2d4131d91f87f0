"""What a check found: whether that is well, in one plain sentence, and what to do."""

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from app.storage.errors import StorageError

MOST_NAMES: Final = 20
"""In one line; --json names all."""


class Status(IntEnum):
    """How bad it is; also the exit status of `beatkeeper doctor`, but for a note."""

    NOTE = -1  # nothing that is well or ill: what cannot be seen from here, or a summary
    OK = 0
    LOOK = 1  # figures may suffer
    BROKEN = 2  # nothing comes in, or what comes can be lost

    @property
    def words(self) -> str:
        """As people read it."""
        return {-1: "note", 0: "ok", 1: "look at this", 2: "broken"}[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `about` is the device, hot spot or format, where it is of one.

    `alike` says the same of several, after their number ("devices were never heard").
    """

    check: str
    status: Status
    says: str
    do: str = ""
    about: str = ""
    alike: str = ""


async def attempted(check: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    """What a part of the examination finds; where the database fails in it, that."""
    try:
        return await work
    except StorageError as exc:
        return [failed(check, exc)]


def failed(check: str, why: StorageError) -> Finding:
    """That the database failed while something was looked at."""
    says = f"The database failed in the middle: {why}."
    return Finding(check, Status.BROKEN, says, "See its log, mend that, and try again.")


def worst(findings: Iterable[Finding]) -> Status:
    """The worst status of all; nothing but notes is well."""
    return max([Status.OK, *(finding.status for finding in findings)])


def gathered(findings: Iterable[Finding]) -> list[Finding]:
    """One line for what was found alike of several devices or hot spots, where the first stood."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        same = finding.check, finding.status, finding.alike, finding.do
        groups.setdefault(same if finding.alike else id(finding), []).append(finding)
    return [_line(group) for group in groups.values()]


def _line(group: Sequence[Finding]) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    says = f"{len(group)} {first.alike}: {listed((one.about for one in group), MOST_NAMES)}."
    return replace(first, says=says, about="")


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names for a sentence: the first few, and how many more."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def counted(number: int, noun: str) -> str:
    """A number of things: "1 device", "2 devices"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
