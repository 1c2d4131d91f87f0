"""How `beatkeeper import crimes` says what became of a file, and what to know of its crimes."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import typer

from app.compliance.calendar import Calendar
from app.importing.crimes import Reading
from app.places.crimes import Crimes
from app.storage.types import from_us
from geofence.geodesy import METRES_PER_DEGREE, metres_per_degree_east, unwrap
from geofence.model import Bools, Floats

FAR_DEG: Final = 2.0  # further than most forces reach
ELSEWHERE_M: Final = 300_000.0
"""Further than any force of the United Kingdom reaches; swapped, places there go much further."""
MOST_BETWEEN: Final = (5, 95)  # per cent: so few astray may be somebody's errors

Place = tuple[float, float]
"""Longitude and latitude, degrees."""


def tell(file: str, found: Reading, new: int) -> None:
    """Says how many crimes were taken, and which rows were not, and why."""
    for line in found.notes:
        typer.echo(f"note: {line}", err=True)
    for refused in found.refused:
        for problem in refused.first:
            typer.echo(f"beatkeeper: {problem}", err=True)
        rows = "1 row" if refused.count == 1 else f"{refused.count} rows"
        typer.echo(f"beatkeeper: {file}: {rows} left out: {refused.what}", err=True)
    left_out = found.rows - len(found.refs) - found.repeated
    said = f"{new} new, {len(found.refs) - new} there already, {left_out} not taken"
    typer.echo(f"{file}: {said if found.rows else 'there is no crime in it'}")


def about(found: Reading, there: Sequence[Place], calendar: Calendar, now_us: int) -> list[str]:
    """What to know of the crimes of a file; `there`: places of what was there before."""
    crimes = found.crimes
    if not len(crimes):
        return []
    lines = [_span(crimes, calendar), *_doubts(crimes, there, now_us)]
    unplaced = int((~crimes.placed).sum())
    if unplaced:
        zero = f", {found.nowhere} of them at 0, 0" if found.nowhere else ""
        lines.append(f"{unplaced} without a place{zero}: they count in totals, and in no hot spot")
    if found.repeated:
        rows = "1 row repeats" if found.repeated == 1 else f"{found.repeated} rows repeat"
        lines.append(f"{rows} what another says of the same reference")
    if crimes.snapped.any():
        lines.append(
            "places are snapped: data.police.uk moves each crime to one of a set of points that"
            " many share; times are months"
        )
    return lines


def elsewhere_words(crimes: Crimes, there: Sequence[Place]) -> str | None:
    """A sentence where most crimes are far from all that is there; else None."""
    crimes = crimes.take(crimes.placed)
    far = ~_near(crimes.lon, crimes.lat, there)
    if not there or far.sum() * 2 <= len(crimes):
        return None
    lon, lat = _middle(crimes.take(far))
    turned = _near(np.array([lat]), np.array([lon]), there).all()
    return (
        f"most of its crimes are about {_shown((lon, lat))}, more than {ELSEWHERE_M / 1000:.0f} km"
        f" from what is there, about {_shown(there[0])}:"
        f" {'they look swapped' if turned else 'see that this is right'}; --elsewhere takes them"
    )


def _near(lon: Floats, lat: Floats, there: Sequence[Place]) -> Bools:
    """Which positions, degrees, [n], are near to any place."""
    near = np.zeros(len(lon), np.bool_)
    for east, north in there:
        x_m = metres_per_degree_east(lat) * unwrap(lon - east)
        near |= np.hypot(x_m, METRES_PER_DEGREE * (lat - north)) <= ELSEWHERE_M
    return near


def _middle(crimes: Crimes) -> Place:
    return float(np.nanmedian(crimes.lon)), float(np.nanmedian(crimes.lat))


def _shown(place: Place) -> str:
    return f"latitude {place[1]:.2f}, longitude {place[0]:.2f}"


def _doubts(crimes: Crimes, there: Sequence[Place], now_us: int) -> Iterator[str]:
    """What looks wrong of crimes that can be read."""
    if crimes.placed.any():
        yield from _doubts_of_places(crimes, there)
    future = int((crimes.start_us > now_us).sum())
    if future:
        yield f"{future} of them in the future: look at how their dates are written"


def _doubts_of_places(crimes: Crimes, there: Sequence[Place]) -> Iterator[str]:
    """What of the positions looks swapped or of another force, where most or half of them are."""
    south, north = np.percentile(crimes.lat[crimes.placed], MOST_BETWEEN, method="nearest")
    middle = np.array(_middle(crimes))
    if north - south > FAR_DEG:
        yield (
            f"latitudes {south:.2f} and {north:.2f} are both in it: some may be swapped with"
            " longitudes, or of another force"
        )
    elif there and all(np.abs(middle - one).max() > FAR_DEG for one in there):
        yield (
            f"that is far from what is there, about {_shown(there[0])}: see that it is another"
            " force, and that they are not swapped"
        )


def _span(crimes: Crimes, calendar: Calendar) -> str:
    """The local days that crimes are of, and about where they are."""
    # What ends at a midnight is of the day before, unless it also began then.
    ends_us = max(int(crimes.end_us.max()) - 1, int(crimes.start_us.max()))
    first, last = _day(int(crimes.start_us.min()), calendar), _day(ends_us, calendar)
    where = f"about {_shown(_middle(crimes))}" if crimes.placed.any() else "nowhere"
    return f"from {first} to {last}, {where}"


def _day(time_us: int, calendar: Calendar) -> dt.date:
    return from_us(time_us).astimezone(calendar.zone).date()
