"""What tables there are, their columns, and by what spellings people know both."""

from dataclasses import dataclass
from typing import Final

_OFFICER: Final = (
    "officer number", "officer no", "collar", "collar no", "collar number", "shoulder no",
    "shoulder number", "epaulette", "warrant no", "warrant number", "badge", "badge no",
    "badge number", "force number", "staff number", "pin",
)  # fmt: skip

SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "officer": (*_OFFICER, "who"),
    "number": (*_OFFICER, "officer", "no"),
    "name": ("full name", "officer name", "surname", "plan name"),
    "team": ("team name", "shift team", "unit", "squad", "relief"),
    "teams": ("team", "units"),
    "organisation": ("organization", "org", "employer", "agency", "force"),
    "device": ("device name", "radio", "radio name", "handset", "phone", "kit"),
    "date": ("shift date", "duty date", "start date", "date from", "day"),
    "end_date": ("finish date", "date to"),
    "start": (
        "from", "start time", "time on", "on", "on duty", "duty start", "shift start", "time from",
        "time out", "issued", "book on", "begin",
    ),
    "end": (
        "to", "until", "end time", "time off", "off", "off duty", "duty end", "shift end",
        "time to", "time in", "returned", "book off", "finish", "finish time",
    ),
    "reason": ("why", "abstraction", "abstraction reason", "operation", "event", "cause"),
    "plan": ("plan key", "plan id", "key", "plan code"),
    "window": ("window name", "shift", "schedule window", "time window"),
    "days": ("weekdays", "days of week", "day of week"),
    "patrols": ("patrols required", "patrols per window", "visits", "number of patrols"),
    "by_weight": ("weighted", "share by weight"),
    "minimum": ("min", "minimum minutes", "min minutes", "min mins", "shortest"),
    "maximum": ("max", "maximum minutes", "max minutes", "max mins", "longest"),
    "target": ("coverage target", "target coverage", "coverage"),
    "first_day": ("first date", "plan start", "start date", "valid from", "first"),
    "last_day": ("last date", "plan end", "end date", "valid to", "last"),
    "timezone": ("time zone", "tz", "zone"),
    "day_start": ("operational day start", "day starts", "start of day"),
    "least_observability": ("minimum observability", "observability"),
    "overdue": ("overdue minutes", "overdue after"),
    "seed": ("trial seed", "random seed"),
    "treated": ("hot spots treated", "treated hot spots", "number treated"),
    "hotspot": ("hot spot id", "hotspot id", "hot spot key", "location", "place", "area", "id"),
    "weight": ("harm", "crime", "crimes", "score", "cchi"),
    "task": ("tasking", "activity", "what to do"),
    "note": ("notes", "briefing", "briefing note", "comment", "comments", "details"),
    "day": ("date", "trial day"),
    "arm": ("group", "condition", "allocation", "treatment", "treatment or control"),
    "ref": (
        "reference", "crime id", "crime number", "crime no", "crime ref", "crime reference",
        "occurrence number", "occurrence no", "incident number", "incident no", "urn", "id",
    ),
    "category": (
        "crime type", "offence type", "offence group", "offence", "offense", "offence description",
        "classification", "type",
    ),
    "month": (),
    "kind": ("type", "device type", "kind of device"),
    "profile": ("device profile",),
    "owntracks": ("owntracks address", "owntracks topic"),
    "issi": ("ssi", "itsi", "tetra id"),
    "addresses": ("address", "other addresses", "ids"),
    "speaks_for": ("devices", "gateway for", "radios"),
    "speed_unit": ("speed unit", "unit of speed"),
    "lat": ("latitude",),
    "lon": ("longitude", "lng", "long"),
    "place": ("location", "address", "street", "premises", "place name", "name"),
    "source": ("reported by", "recorded by", "force"),
}  # fmt: skip
"""Other names of columns; case, spaces and signs make no difference."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the columns that it must have and may have, and other names of its own.

    Of `either` it must have one or more.
    """

    name: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    by_header: bool = True  # whether its columns are enough to know it by
    either: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that say something."""
        return self.needed + self.optional


TABLES: Final = (
    Table("teams", ("team",), aliases=("team list",), by_header=False),
    Table(
        "officers",
        ("number", "name"),
        ("team", "organisation"),
        ("officer", "people", "staff", "nominal roll"),
    ),
    Table(
        "assignments",
        ("device", "officer", "start"),
        ("end", "date", "end_date"),
        ("assignment", "issue log", "kit log", "radio log"),
    ),
    Table(
        "duty",
        ("officer", "start", "end"),
        ("date", "end_date"),
        ("duties", "duty times", "duty roster", "roster", "rota", "shifts"),
    ),
    Table(
        "abstractions",
        ("start", "end", "reason"),
        ("officer", "team", "date", "end_date"),
        ("abstraction",),
        either=("officer", "team"),
    ),
    Table(
        "plans",
        ("plan", "window", "start", "end"),
        (
            "name", "days", "patrols", "by_weight", "minimum", "maximum", "target", "first_day",
            "last_day", "timezone", "day_start", "teams", "least_observability", "overdue",
            "seed", "treated",
        ),
        ("plan", "windows", "plan windows", "schedule"),
    ),
    Table(
        "plan_hotspots",
        ("plan", "hotspot"),
        ("weight", "task", "note"),
        ("plan spots", "plan places"),
    ),
    Table(
        "trial_days",
        ("plan", "hotspot", "day", "arm"),
        aliases=("trial", "plan days", "treatment days", "allocation"),
    ),
    Table("briefings", ("hotspot", "task"), ("note",), ("briefing", "tasking")),
)  # fmt: skip

# What places are chosen by. Not among the tables of people and plans: each is given as what it is.
CRIMES: Final = Table(
    "crimes",
    ("category", "lat", "lon"),
    ("ref", "month", "date", "start", "end_date", "end", "place", "source"),
    either=("month", "date", "start"),
)
WEIGHTS: Final = Table("weights", ("category", "weight"))
# Each comes with a key that is shown once: not among those of POST /import, which can come again.
DEVICES: Final = Table(
    "devices",
    ("name", "kind"),
    ("profile", "owntracks", "issi", "addresses", "speaks_for", "speed_unit"),
)
STATIONS: Final = Table("stations", ("lat", "lon"), ("place",))
_ALL: Final = (*TABLES, CRIMES, WEIGHTS, STATIONS, DEVICES)

# Spellings that mean something else in one table than SPELLINGS says, or that only it has.
_OWN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "teams": {"team": ("name",)},
    "plan_hotspots": {"note": ("briefing",)},
    "crimes": {
        "date": (
            "offence date", "date of offence", "date committed", "committed date", "occurred date",
            "date occurred", "incident date",
        ),
        "start": (
            "time", "date time", "datetime", "occurred", "occurred from", "committed from",
            "offence time", "time committed", "committed on", "occurred on", "incident time",
        ),
        "end_date": ("committed to date", "date occurred to"),
        "end": ("occurred to", "committed to"),
    },
    "devices": {"name": ("device", "device name", "radio", "radio name", "handset")},
    "weights": {"weight": ("days", "weight in days", "severity")},
}  # fmt: skip


def squeezed(text: str) -> str:
    """Text as it is compared: letters and digits only, in lower case."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def table_of(name: str) -> Table | None:
    """The table of a name or of one of its aliases; None if there is none."""
    wanted = squeezed(name)
    return next((one for one in TABLES if wanted in _NAMES[one.name]), None)


def column_of(table: Table, heading: str) -> str | None:
    """Which of a table's columns a heading names; its own name goes before other spellings."""
    wanted = squeezed(heading)
    named = [column for column in table.columns if wanted == squeezed(column)]
    known = [column for column in table.columns if wanted in _HEADINGS[table.name, column]]
    return next(iter(named + known), None) if wanted else None


_NAMES: Final = {
    table.name: {squeezed(name) for name in (table.name, *table.aliases)} for table in TABLES
}
_HEADINGS: Final = {
    (table.name, column): {
        squeezed(heading)
        for heading in (*SPELLINGS[column], *_OWN.get(table.name, {}).get(column, ()))
    }
    for table in _ALL
    for column in table.columns
}
