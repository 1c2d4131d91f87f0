"""Crimes for tests, in columns and as the CSV that they come in."""

from collections.abc import Sequence

import numpy as np

from app.places.crimes import Crimes, Words

DAY_US = 86_400_000_000
POLICE_UK = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context"
)


def crimes(
    places: Sequence[tuple[float, float]],
    *,
    days: Sequence[float] | None = None,
    categories: Sequence[str] | None = None,
    place: Sequence[str] | None = None,
    snapped: bool = False,
    hours: float = 0.0,
) -> Crimes:
    """Crimes at these longitudes and latitudes, so many days after the epoch, `hours` long."""
    count = len(places)
    start_us = np.round(np.array(days or [0.0] * count) * DAY_US).astype(np.int64)
    lon, lat = np.array(places, np.float64).reshape(-1, 2).T
    return Crimes(
        start_us,
        start_us + round(hours * DAY_US / 24),
        lon,
        lat,
        np.full(count, snapped),
        Words.of(categories or ["Theft"] * count),
        Words.of(place or ["High Street"] * count),
        Words.of(["Anyshire"] * count),
    )


def police_uk(*rows: str, newline: str = "\n") -> bytes:
    """A file of data.police.uk; rows as `id,month,lon,lat,place,category`."""
    lines = [POLICE_UK]
    for row in rows:
        ref, month, lon, lat, place, category = row.split(",")
        force = "Anyshire Police"
        lines.append(f"{ref},{month},{force},{force},{lon},{lat},{place},,,{category},,")
    return (newline.join(lines) + newline).encode()
