"""Sees of each device if it is heard, as often as expected, accurate, and of the right time."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.doctor.finding import Finding, Status, counted
from app.observing.figures import MEASURABLE, Figures
from app.observing.speed import unit_slip
from app.storage.observing import Watched
from app.storage.types import from_us

_SLOWER: Final = 1.5  # times the expected interval
_UNKNOWN: Final = 0.5  # share of fixes
_VAGUE: Final = 0.1
_POOR_M: Final = 30.0
_DOUBLED: Final = 0.1
_WEEK_S: Final = 7 * 86_400.0
_REFUSED: Final = "A clock far ahead has all fixes refused: see `rejected` at /api/v1/ingest."


@dataclass(frozen=True, slots=True)
class Seen:
    """A device and its figures over the span that is looked at.

    Where it was heard in that span, and all its fixes are of another time, `figures` are of these
    and `elsewhen` is true.
    """

    device: Watched
    figures: Figures
    start: dt.datetime
    now: dt.datetime
    elsewhen: bool = False


Fault = tuple[Status, str, str]
"""How bad it is, what it says after the device's name, and what to do."""


def silence(seen: Seen) -> Fault | None:
    """Never heard, or not for the whole span; of a device that somebody has, it is worse."""
    heard, hours = seen.device.heard, (seen.now - seen.start).total_seconds() / 3600
    status = Status.BROKEN if seen.device.carried else Status.LOOK
    if heard is None:
        return status, "was never heard.", f"See to its key, address and settings. {_REFUSED}"
    if heard < seen.start:
        since = f"has been silent since {heard:%Y-%m-%d %H:%M} UTC, more than {hours:g} h."
        return Status.LOOK, since, f"See if it is charged and on. {_REFUSED}"
    return None


def clock(seen: Seen) -> Fault | None:
    """A clock that is off, or nothing but fixes of another time."""
    found = seen.figures.clock
    if found is not None and found.wrong is not None:
        says = f"is dated wrong: {found.wrong}." if abs(found.error_s) > _WEEK_S else ""
        says = says or f"tells a time that is not ours: {found.wrong}."
        return Status.BROKEN, says, "Set its clock and zone; what it sent so far is dated by it."
    if seen.elsewhen and seen.figures.last_us is not None:
        last = from_us(seen.figures.last_us)
        says = f"was heard, with fixes of other days only, the last of {last:%Y-%m-%d %H:%M} UTC."
        return Status.LOOK, says, "See if it sends what it stored, or its clock is wrong."
    return None


def interval(seen: Seen) -> Fault | None:
    """Slower than its profile says: then gaps are taken for what they are not."""
    median, expected = seen.figures.interval_s, seen.device.profile.interval_s
    if median is None or seen.elsewhen or median <= _SLOWER * expected:
        return None
    says = (
        f"sends a fix every {median:.0f} s, while its profile {seen.device.profile_name!r} expects"
        f" one every {expected:g} s."
    )
    return Status.LOOK, says, "Let it send more often, or say in a profile what it does."


def observability(seen: Seen) -> Fault | None:
    """Too little of its time observed to say anything of the rest."""
    share = seen.figures.observability
    if share is None or share >= MEASURABLE or seen.elsewhen:
        return None
    why = sorted({gap.why for gap in seen.figures.gaps if gap.why})
    unexplained = sum(gap.why is None for gap in seen.figures.gaps)
    reasons = [*why, *([f"{counted(unexplained, 'gap')} unexplained"] if unexplained else [])]
    says = f"was observed for {share:.0%} of its time: not measurable ({'; '.join(reasons)})."
    return Status.LOOK, says, "See to its reception, its battery and its power saving."


def accuracy(seen: Seen) -> Fault | None:
    """Positions that are poor, or of which nothing is known."""
    figures, profile = seen.figures, seen.device.profile
    unknown, vague, ninety = figures.accuracy_unknown, figures.accuracy_over, figures.accuracy_90_m
    if unknown is not None and unknown > _UNKNOWN and not profile.assumed_accuracy_m:
        says = "does not tell how accurate it is, and its profile assumes nothing."
        return Status.LOOK, says, "Set `assumed_accuracy_m` in its profile: bounds are too narrow."
    if vague is not None and vague > _VAGUE:
        says = f"sends fixes of which {vague:.0%} are too vague to be used."
        return Status.LOOK, says, "Let it use GPS rather than networks alone; see its antenna."
    if ninety is not None and ninety > _POOR_M:
        says = f"is accurate to {ninety:.0f} m only, nine times in ten."
        return Status.LOOK, says, "See its antenna, and its app's setting of accuracy."
    return None


def speed(seen: Seen) -> Fault | None:
    """A speed told in another unit than its format has."""
    ratio = seen.figures.speed_ratio
    slip = None if ratio is None else unit_slip(ratio)
    if slip is None:
        return None
    return Status.LOOK, f"has its speed in a wrong unit: {slip}.", "Set its `speed_unit`."


def doubled(seen: Seen) -> Fault | None:
    """Sent by two ways, which round its times differently."""
    figures = seen.figures
    if not figures.fixes or figures.doubled <= _DOUBLED * figures.fixes:
        return None
    says = f"sends {figures.doubled} of {figures.fixes} fixes within half a second of another."
    return Status.LOOK, says, "See if it sends by two ways, or two of that name do."


def unassigned(seen: Seen) -> Fault | None:
    """Heard, and nobody's: its visits count for hot spots and for no officer."""
    if seen.device.carried or seen.device.heard is None or seen.device.heard < seen.start:
        return None
    return Status.LOOK, "is heard, and nobody has it.", "POST /api/v1/assignments says who does."


CHECKS: Final[dict[str, tuple[Callable[[Seen], Fault | None], str]]] = {
    "silence": (silence, "heard within the time that was looked at"),
    "clock": (clock, "of our time, as far as can be told"),
    "interval": (interval, "as often as their profiles say"),
    "observability": (observability, "observed for at least 80 % of their time"),
    "accuracy": (accuracy, "accurate enough, and saying so"),
    "speed": (speed, "with their speed in the right unit, as far as can be told"),
    "doubled": (doubled, "sending each fix once"),
    "assignment": (unassigned, "with somebody, if they are heard"),
}
"""Each check's name, what it looks for, and what is so of all devices where it finds nothing."""


def faults(seen: Seen) -> Iterator[Finding]:
    """What is wrong with one device."""
    for name, (check, _) in CHECKS.items():
        fault = check(seen)
        if fault is not None:
            status, says, do = fault
            yield Finding(name, status, f"{seen.device.name} {says}", do, seen.device.name)


def fine(found: Sequence[Finding], devices: int) -> list[Finding]:
    """One line for each check that found nothing."""
    faulty = {finding.check for finding in found}
    return [
        Finding(name, Status.OK, f"{counted(devices, 'device')}: {words}.")
        for name, (_, words) in CHECKS.items()
        if devices and name not in faulty
    ]
