"""What a check found: whether that is well, in one plain sentence, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """How bad it is; also the exit status of `beatkeeper doctor`."""

    OK = 0
    LOOK = 1  # figures may suffer
    BROKEN = 2  # nothing comes in, or what comes can be lost

    @property
    def words(self) -> str:
        """As people read it."""
        return ("ok", "look at this", "broken")[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `about` is the device, hot spot or format, where it is of one."""

    check: str
    status: Status
    says: str
    do: str = ""
    about: str = ""


def worst(findings: Iterable[Finding]) -> Status:
    """The worst status of all."""
    return max((finding.status for finding in findings), default=Status.OK)


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names for a sentence: the first few, and how many more."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def counted(number: int, noun: str) -> str:
    """A number of things: "1 device", "2 devices"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
