"""Crimes in columns: what, when and where, as they are stored and ranked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofence.model import Bools, Columns, Floats, Index, Ints


@dataclass(frozen=True, slots=True)
class Words:
    """A column of few different texts: `values` in order, and which one each row has, [n]."""

    values: tuple[str, ...]
    code: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """The texts of rows as a column."""
        values = sorted(set(texts))
        code = {text: number for number, text in enumerate(values)}
        return cls(tuple(values), np.array([code[text] for text in texts], np.int64))

    def take(self, index: Index) -> "Words":
        """The rows that `index` picks; all values stay."""
        return Words(self.values, self.code[index])

    def texts(self) -> list[str]:
        """The text of each row."""
        return [self.values[code] for code in self.code.tolist()]


@dataclass(frozen=True, slots=True)
class Crimes(Columns):
    """Crimes, a row each: within `start_us` to `end_us` (microseconds UTC), at `lon`, `lat`.

    Degrees WGS84; not a number where nobody says where. `snapped`: moved to a point that stands for
    many crimes, as data.police.uk does.
    """

    start_us: Ints
    end_us: Ints
    lon: Floats
    lat: Floats
    snapped: Bools
    category: Words
    place: Words  # in words; may be empty
    source: Words

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def placed(self) -> Bools:
        """Which of them are known to have been somewhere."""
        return ~np.isnan(self.lon)

    def take(self, index: Index) -> "Crimes":
        """The rows that `index` (positions or a mask) picks."""
        return Crimes(
            self.start_us[index],
            self.end_us[index],
            self.lon[index],
            self.lat[index],
            self.snapped[index],
            self.category.take(index),
            self.place.take(index),
            self.source.take(index),
        )
