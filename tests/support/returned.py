"""The fields of a monthly return by hand: two organisations, a hot spot, no abstractions."""

import datetime as dt

from app.reports.returns import FIGURES, ONCE, Fields, Record

PLAIN_NUMBER = 1.5


def record(**more: str | float | None) -> Record:
    """All figures are one and a half, but for those given."""
    return {**dict.fromkeys(FIGURES, PLAIN_NUMBER), **more}


def month(*organisations: str, **more: str | float | None) -> Fields:
    """A month with person-hours 10, 20, ... by organisation, and coverage not known."""
    rows = [
        {"name": name, **record(person_hours=10.0 * number)}
        for number, name in enumerate(organisations, 1)
    ]
    total = record(person_hours=12345.678, patrols=7, coverage_percent=None, measurable=None)
    return {
        **dict.fromkeys(ONCE, "x"),
        "first_day": dt.date(2026, 10, 1),
        "settled": False,
        "total": total,
        "organisations": rows,
        "hotspots": [{"key": "HS1", "name": "Market Place", **record()}],
        "abstractions": [],
        **more,
    }
