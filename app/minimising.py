"""What the force keeps of fixes: none of those off duty, nor where those far off were."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.storage import on_duty
from app.storage.catalogue import Catalogue
from app.storage.engine import Writer
from geofence.neighbourhood import Neighbourhood
from ingest.columns import Columns
from ingest.screen import Verdict


class Kept(StrEnum):
    """Of which fixes the force keeps where they were."""

    ALL = "all"
    ON_DUTY = "on_duty"
    NEAR = "near"
    ON_DUTY_NEAR = "on_duty,near"


@dataclass(slots=True)
class Minimising:
    """Judges fixes by what the force has chosen to keep; not made where that is all of them.

    `duty`: only of officers on duty; `near_m`: only up to so far from a hot spot (None: anywhere).
    """

    duty: bool
    near_m: float | None
    # One thing, as threads of two lanes may look at it at once.
    _around: tuple[Catalogue, Neighbourhood] | None = None

    @classmethod
    def of(cls, keep: Kept, neighbourhood_m: float) -> "Minimising | None":
        """By what is set; None: all is kept."""
        if keep is Kept.ALL:
            return None
        return cls(keep is not Kept.NEAR, None if keep is Kept.ON_DUTY else neighbourhood_m)

    async def judge(
        self, writer: Writer, columns: Columns, catalogue: Catalogue
    ) -> npt.NDArray[np.uint8]:
        """Give a Verdict for each of n fixes, uint8[n]: STORED, OFF_DUTY or FAR."""
        verdicts = np.zeros(columns.n, np.uint8)
        if self.near_m is not None:
            near = await asyncio.to_thread(self._near, columns, catalogue, self.near_m)
            verdicts[~near] = Verdict.FAR
        if self.duty:
            carried = await on_duty.says(writer, columns.device, columns.time_us)
            verdicts[~carried] = Verdict.OFF_DUTY
        return verdicts

    def _near(self, columns: Columns, catalogue: Catalogue, near_m: float) -> npt.NDArray[np.bool_]:
        known = self._around
        if known is None or known[0] is not catalogue:
            self._around = known = catalogue, Neighbourhood.of(catalogue.hotspots, near_m)
        return known[1].near(columns.time_us, columns.lon, columns.lat)
