"""Names, or pseudonyms, for the ids in columns; and who had a device at a moment."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from app.access.pseudonyms import pseudonyms
from app.compliance.duty import Officers
from app.compliance.intervals import Ints
from app.compliance.veil import LEAST_OFFICERS, Sight, Turnout, veiled
from app.reports.table import Kind
from app.storage.exports import Names


class Naming:
    """Says what stands for devices, hot spots and officers; with a key, pseudonyms for people.

    By pseudonym, nobody is of a team of fewer than `least`, by which they would be known.
    """

    def __init__(self, names: Names, key: bytes | None, least: int = LEAST_OFFICERS) -> None:
        self.by_name = key is None
        self._devices = _column(_veiled(names.devices, "device", key))
        self._hotspots = _column(names.hotspots)
        officers = _column(_veiled(names.officers, "officer", key))
        members = names.members if key is None else _of_many(names.members, least)
        team_of = dict(zip(members.officer.tolist(), members.team.tolist(), strict=True))
        teams = {id_: names.teams.get(team) for id_, team in team_of.items()}
        held = names.assignments
        self._held = pl.DataFrame(
            {
                "device": held.device,
                "start": pl.Series(held.start_us).cast(Kind.TIME.dtype),
                "end_us": held.end_us,
                "officer": _named(held.officer, officers),
                "team": _named(held.officer, _column(teams)),
            }
        ).sort("start")

    def devices(self, ids: Ints) -> pl.Series:
        """What stands for each device."""
        return _named(ids, self._devices)

    def hotspots(self, ids: Ints) -> pl.Series:
        """Each hot spot's key."""
        return _named(ids, self._hotspots)

    def carriers(self, device_ids: Ints, time_us: Ints) -> pl.DataFrame:
        """The `officer` who had each device at a moment, and their `team`; null where nobody had.

        The moments of each device ascend.
        """
        asked = pl.DataFrame({"device": device_ids, "when_us": time_us})
        found = asked.with_columns(when=pl.col("when_us").cast(Kind.TIME.dtype)).join_asof(
            self._held,
            left_on="when",
            right_on="start",
            by="device",
            check_sortedness=False,  # it cannot tell within groups
        )
        still = pl.col("when_us") < pl.col("end_us")
        return found.select(pl.when(still).then(pl.col("officer", "team")))


def _of_many(members: Officers, least: int) -> Officers:
    """Officers without teams of fewer than the least."""
    once = Turnout(members.officer, np.zeros_like(members.officer))
    return veiled(members, once, Sight(known=(), least=least)).officers


def _veiled(names: Mapping[int, str], kind: str, key: bytes | None) -> Mapping[int, str]:
    if key is None:
        return names
    return dict(zip(names, pseudonyms(key, kind, names.values()), strict=True))


def _column(names: Mapping[int, str | None]) -> tuple[pl.Series, pl.Series]:
    return pl.Series(list(names), dtype=pl.Int64), pl.Series(list(names.values()), dtype=pl.String)


def _named(ids: Ints, names: tuple[pl.Series, pl.Series]) -> pl.Series:
    old, new = names
    if new.is_empty():
        return pl.repeat(None, len(ids), dtype=pl.String, eager=True)
    return pl.Series(ids).replace_strict(old, new, default=None)
