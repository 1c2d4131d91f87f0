"""Sees if the hot spots can be measured: shape, overlap, and width beside the devices' accuracy."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from app.doctor.finding import Finding, Status, counted, listed
from app.places.checks import half_widths_m, in_degrees, overlaps
from app.storage.hotspots import HotspotVersion
from geofence.hotspots import Hotspots
from geofence.model import Floats, Hotspot

CHECK: Final = "hot spots"
_STEP_M: Final = 2.5  # accuracies are told apart no finer

_DO_WIDEN: Final = "Draw it wider, give it a buffer, or give its officers better devices."


class Sized(NamedTuple):
    """Hot spots grown by their buffers: keys, polygons in metres, and in degrees; [h] each."""

    keys: list[str]
    metres: NDArray[np.object_]
    degrees: NDArray[np.object_]

    def valid(self) -> "Sized":
        """Those of which more can be said than that their boundary crosses itself."""
        good = np.flatnonzero(shapely.is_valid(self.metres))
        return Sized([self.keys[i] for i in good], self.metres[good], self.degrees[good])


def sized(versions: Sequence[HotspotVersion]) -> Sized:
    """Hot spots as the engine sees them. ValueError where it cannot."""
    given = [Hotspot(i, v.geometry, v.buffer_m) for i, v in enumerate(versions)]
    ready = Hotspots.prepare(given)
    return Sized([v.key for v in versions], ready.polygon, in_degrees(ready))


class Cores:
    """Of each hot spot, the share that is further from its edge than a device is accurate."""

    def __init__(self, spots: Sized) -> None:
        self._spots = spots
        self._known: dict[int, Floats] = {}

    def shares(self, accuracy_m: float) -> Floats:
        """The shares, [h], 0 to 1; remembered by steps of accuracy."""
        step = round(accuracy_m / _STEP_M)
        if step not in self._known:
            cores = shapely.buffer(self._spots.metres, -step * _STEP_M)
            areas = np.maximum(shapely.area(self._spots.metres), 1e-9)
            self._known[step] = np.asarray(shapely.area(cores) / areas, np.float64)
        return self._known[step]


def check_shapes(spots: Sized) -> list[Finding]:
    """Whether there are any, and which are invalid or overlap."""
    if not spots.keys:
        says = "There are no hot spots today."
        do = "Import them: `beatkeeper import hotspots FILE.geojson`."
        return [Finding(CHECK, Status.BROKEN, says, do)]
    found = [*_invalid(spots), *_overlaps(spots.valid())]
    fine = Finding(CHECK, Status.OK, f"{counted(len(spots.keys), 'hot spot')}, none overlaps.")
    return found or [fine]


def _invalid(spots: Sized) -> list[Finding]:
    bad = np.flatnonzero(~shapely.is_valid(spots.metres))
    return [
        Finding(
            CHECK,
            Status.BROKEN,
            f"The boundary of {spots.keys[i]} is invalid:"
            f" {shapely.is_valid_reason(spots.metres[i])}.",
            "Draw it anew and import it.",
            spots.keys[i],
            "hot spots have an invalid boundary",
        )
        for i in bad
    ]


def _overlaps(spots: Sized) -> list[Finding]:
    return [
        Finding(
            CHECK,
            Status.LOOK,
            f"{spots.keys[i]} and {spots.keys[j]} overlap by {area:.0f} m²: a moment there counts"
            " for one of them only.",
            "Draw the boundary between them once.",
            spots.keys[i],
        )
        for i, j, area in overlaps(spots.degrees)
    ]


def check_widths(spots: Sized, accuracies_m: Sequence[float]) -> list[Finding]:
    """Hot spots in which devices can never be surely inside, by the 90 % accuracy of each."""
    if not spots.keys or not accuracies_m:
        return []
    accuracies = np.array(accuracies_m)
    found = []
    for i, half in enumerate(half_widths_m(spots.metres).tolist()):
        blind = int((accuracies >= half).sum())
        if blind:
            says = (
                f"{spots.keys[i]} is too narrow for {blind} of {len(accuracies)} devices: its"
                f" middle is {half:.0f} m from the edge, and they are accurate to"
                f" {accuracies.max():.0f} m at worst, nine times in ten."
            )
            all_ = blind == len(accuracies)
            status = Status.BROKEN if all_ else Status.LOOK
            alike = f"hot spots are too narrow for {'all' if all_ else 'some'} of the devices"
            found.append(Finding("width", status, says, _DO_WIDEN, spots.keys[i], alike))
    widest = np.percentile(accuracies, 90)
    fine = f"Each is wide enough for the devices' accuracy ({widest:.0f} m)."
    return found or [Finding("width", Status.OK, fine)]


def check_planned(keys: Sequence[str], planned: frozenset[str] | None) -> list[Finding]:
    """Which hot spots no plan that runs today asks for; `planned` None: there is no such plan."""
    if planned is None:
        says = "No plan runs today: coverage and compliance have nothing to be measured by."
        return [Finding("plan", Status.LOOK, says, "PUT /api/v1/plans/KEY makes one.")]
    left = [key for key in keys if key not in planned]
    if not left:
        return [Finding("plan", Status.OK, "A plan that runs today asks for each hot spot.")]
    says = f"No plan that runs today asks for {counted(len(left), 'hot spot')}: {listed(left)}."
    return [Finding("plan", Status.LOOK, says, "Add them to a plan, or end them.")]
