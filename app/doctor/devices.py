"""Sees of each device if it is heard, as often as expected, accurate, and of the right time."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.doctor.finding import Finding, Status, counted
from app.observing.clock import span
from app.observing.figures import MEASURABLE, Figures
from app.observing.speed import unit_slip
from app.storage.observing import Watched
from app.storage.types import from_us

_SLOWER: Final = 1.5  # times the expected interval
_UNKNOWN: Final = 0.5  # share of fixes
_VAGUE: Final = 0.1
_POOR_M: Final = 30.0
_STALE: Final = 0.1
_DOUBLED: Final = 0.1
_LATE_S: Final = 120.0
_WEEK_S: Final = 7 * 86_400.0
# Which are told a device's `speed_unit`; the others have one unit, whoever sends.
_ANY_UNIT: Final = frozenset({"osmand", "traccar"})
_REFUSED: Final = "A clock far ahead has all fixes refused: see `rejected` at /api/v1/ingest."


@dataclass(frozen=True, slots=True)
class Seen:
    """A device and its figures over the span that is looked at.

    Where it was heard in that span, and all its fixes are of another time, `figures` are of these
    and `elsewhen` is true. `formats` are the wire formats that its fixes of that span came in.
    """

    device: Watched
    figures: Figures
    start: dt.datetime
    now: dt.datetime
    elsewhen: bool = False
    formats: frozenset[str] = frozenset()


class Fault(NamedTuple):
    """How bad it is, what it says after the device's name, what to do.

    `alike` says the same of several devices, after "5 devices".
    """

    status: Status
    says: str
    do: str
    alike: str


def silence(seen: Seen) -> Fault | None:
    """Never heard, or not for the whole span; of a device that somebody has, it is worse."""
    heard, hours = seen.device.heard, (seen.now - seen.start).total_seconds() / 3600
    status = Status.BROKEN if seen.device.carried else Status.LOOK
    if heard is None:
        do = f"See to its key, address and settings. {_REFUSED}"
        return Fault(status, "was never heard.", do, "were never heard")
    if heard < seen.start:
        since = f"has been silent since {heard:%Y-%m-%d %H:%M} UTC, more than {hours:g} h."
        do = f"See if it is charged and on. {_REFUSED}"
        return Fault(Status.LOOK, since, do, f"have been silent for more than {hours:g} h")
    return None


def clock(seen: Seen) -> Fault | None:
    """A clock that is off, or nothing but fixes of another time."""
    found = seen.figures.clock
    if found is not None and found.wrong is not None:
        says = f"is dated wrong: {found.wrong}." if abs(found.error_s) > _WEEK_S else ""
        says = says or f"tells a time that is not ours: {found.wrong}."
        do = "Set its clock and zone; what it sent so far is dated by it."
        alike = f"tell a time that is not ours ({found.wrong})"
        return Fault(Status.BROKEN, says, do, alike)
    if seen.elsewhen and seen.figures.last_us is not None:
        last = from_us(seen.figures.last_us)
        says = f"was heard, with fixes of other days only, the last of {last:%Y-%m-%d %H:%M} UTC."
        do = "See if it sends what it stored, or its clock is wrong."
        return Fault(Status.LOOK, says, do, "were heard, with fixes of other days only")
    return None


def delay(seen: Seen) -> Fault | None:
    """Sent late, by a clock that may be right: then visits are right, and known late."""
    found = seen.figures.clock
    if found is None or found.wrong is not None or found.half_s <= _LATE_S or seen.elsewhen:
        return None
    says = (
        f"sends late: half of its messages come more than {span(found.half_s)} after their last"
        f" fix, the promptest after {span(found.error_s)}."
    )
    do = "See its network and power saving. Its visits are right, and known as much later."
    return Fault(Status.LOOK, says, do, "send late")


def interval(seen: Seen) -> Fault | None:
    """Slower than its profile says: then gaps are taken for what they are not."""
    median, expected = seen.figures.interval_s, seen.device.profile.interval_s
    if median is None or seen.elsewhen or median <= _SLOWER * expected:
        return None
    says = (
        f"sends a fix every {median:.0f} s (the median), while its profile"
        f" {seen.device.profile_name!r} expects one every {expected:g} s."
    )
    do = "Let it send more often, or say in a profile what it does."
    return Fault(Status.LOOK, says, do, "send more rarely than their profiles expect")


def observability(seen: Seen) -> Fault | None:
    """Too little of its time observed to say anything of the rest."""
    share = seen.figures.observability
    if share is None or share >= MEASURABLE or seen.elsewhen:
        return None
    why = sorted({gap.why for gap in seen.figures.gaps if gap.why})
    unexplained = sum(gap.why is None for gap in seen.figures.gaps)
    reasons = [*why, *([f"{counted(unexplained, 'gap')} unexplained"] if unexplained else [])]
    says = f"was observed for {share:.0%} of its time: not measurable ({'; '.join(reasons)})."
    alike = f"were observed for less than {MEASURABLE:.0%} of their time (not measurable)"
    do = "See to its reception, its battery and its power saving."
    return Fault(Status.LOOK, says, do, alike)


def accuracy(seen: Seen) -> Fault | None:
    """Positions that are poor, or of which nothing is known."""
    figures, profile = seen.figures, seen.device.profile
    unknown, vague, ninety = figures.accuracy_unknown, figures.accuracy_over, figures.accuracy_90_m
    if unknown is not None and unknown > _UNKNOWN and not profile.assumed_accuracy_m:
        says = "does not tell how accurate it is, and its profile assumes nothing."
        do = "Set `assumed_accuracy_m` in its profile: bounds are too narrow."
        return Fault(Status.LOOK, says, do, "do not tell how accurate they are, nor does a profile")
    if vague is not None and vague > _VAGUE:
        says = f"sends fixes of which {vague:.0%} are too vague to be used."
        do = "Let it use GPS rather than networks alone; see its antenna."
        return Fault(Status.LOOK, says, do, "send many fixes that are too vague to be used")
    if ninety is not None and ninety > _POOR_M:
        says = f"is accurate to {ninety:.0f} m only, nine times in ten."
        do = "See its antenna, and its app's setting of accuracy."
        alike = f"are accurate to more than {_POOR_M:.0f} m only, nine times in ten"
        return Fault(Status.LOOK, says, do, alike)
    return None


def stale(seen: Seen) -> Fault | None:
    """Positions that say where it was some time ago: kept, and not measured."""
    share = seen.figures.stale
    if share is None or share <= _STALE:
        return None
    says = f"sends old positions: {share:.0%} are so by its own words, or cannot be dated."
    do = "See its GPS reception; of a radio, let it tell times and send each fix at once."
    return Fault(Status.LOOK, says, do, "send many positions that are old, or cannot be dated")


def speed(seen: Seen) -> Fault | None:
    """A speed told in another unit than its format has."""
    ratio = seen.figures.speed_ratio
    slip = None if ratio is None else unit_slip(ratio)
    if slip is None:
        return None
    if seen.formats & _ANY_UNIT:
        do = "Set its `speed_unit`: PUT /api/v1/devices/NAME."
    else:
        which = ", ".join(sorted(seen.formats)) or "its format"
        do = f"Have its app or gateway write the unit of {which}. No visit is measured by it."
    return Fault(Status.LOOK, f"has its speed in a wrong unit: {slip}.", do, _WRONG_UNIT)


_WRONG_UNIT: Final = "have their speed in a wrong unit"


def doubled(seen: Seen) -> Fault | None:
    """Sent by two ways, which round its times differently."""
    figures = seen.figures
    if not figures.fixes or figures.doubled <= _DOUBLED * figures.fixes:
        return None
    says = f"sends {figures.doubled} of {figures.fixes} fixes within half a second of another."
    do = "See if it sends by two ways, or two of that name do."
    return Fault(Status.LOOK, says, do, "send many fixes twice")


def unassigned(seen: Seen) -> Fault | None:
    """Heard, and nobody's: its visits count for no officer; a vehicle needs none."""
    device = seen.device
    if device.carried or device.kind == "vehicle":
        return None
    if device.heard is None or device.heard < seen.start:
        return None
    do = "POST /api/v1/assignments says who does."
    return Fault(Status.LOOK, "is heard, and nobody has it.", do, "are heard, and nobody has them")


class Check(NamedTuple):
    """What it looks for, what is so of all devices where it finds nothing, of which it can tell."""

    look: Callable[[Seen], Fault | None]
    fine: str
    known: Callable[[Figures], bool]


CHECKS: Final = {
    "silence": Check(silence, "heard within the time that was looked at", lambda _: True),
    "clock": Check(clock, "of our time", lambda f: f.clock is not None),
    "delay": Check(delay, "sending at once", lambda f: f.clock is not None),
    "interval": Check(
        interval, "as often as their profiles say", lambda f: f.interval_s is not None
    ),
    "observability": Check(
        observability,
        f"observed for at least {MEASURABLE:.0%} of their time",
        lambda f: f.observability is not None,
    ),
    "accuracy": Check(
        accuracy, "accurate enough, and saying so", lambda f: f.accuracy_unknown is not None
    ),
    "stale": Check(stale, "sending where they are, not where they were", lambda f: f.fixes > 0),
    "speed": Check(
        speed, "with their speed in the right unit", lambda f: f.speed_ratio is not None
    ),
    "doubled": Check(doubled, "sending each fix once", lambda f: f.fixes > 0),
    "assignment": Check(unassigned, "with somebody, if they are heard", lambda _: True),
}
"""By name. Where a check can tell nothing of a device, it finds nothing."""


def faults(seen: Seen) -> Iterator[Finding]:
    """What is wrong with one device."""
    name = seen.device.name
    for check, (look, _, _) in CHECKS.items():
        fault = look(seen)
        if fault is not None:
            status, says, do, alike = fault
            yield Finding(check, status, f"{name} {says}", do, name, f"devices {alike}")


def told(seen: Seen) -> list[str]:
    """The checks that can tell something of a device."""
    return [name for name, check in CHECKS.items() if check.known(seen.figures)]


def fine(found: Sequence[Finding], told: Mapping[str, int], devices: int) -> list[Finding]:
    """One line for each check that found nothing; `told`: of how many devices each could tell."""
    faulty = {finding.check for finding in found}
    return [_fine(name, told.get(name, 0), devices) for name in CHECKS if name not in faulty]


def _fine(name: str, told: int, devices: int) -> Finding:
    whom = counted(devices, "device")
    if told == devices:
        return Finding(name, Status.OK, f"{whom}: {CHECKS[name].fine}.")
    if not told:
        return Finding(name, Status.NOTE, f"{whom}, and of none enough is known to tell.")
    rest = f"of the other {devices - told} too little is known to tell"
    return Finding(name, Status.OK, f"{told} of {whom}: {CHECKS[name].fine}; {rest}.")
