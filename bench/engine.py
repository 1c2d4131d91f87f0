"""How fast the engine is, beside a bare search for the polygon that each fix is in.

The search answers less, and is not always the faster: it is what everybody has at hand.
"""

from collections.abc import Callable

import numpy as np
import shapely
from beside import Beside, rate
from patrols import Patrols

from geofence.engine import advance, run
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Fixes, Profile

DEVICES, FIXES_EACH, HOTSPOTS = 2000, 500, 1000
BATCH = 5000
LIVE = 200_000  # fixes in batches, each round
FEW, MANY = 100, 10_000  # hot spots, between which the cost of a fix may hardly grow
GROWING = 200  # devices
ROUNDS = 9
TAIL_BYTES = 80  # of each device's memory, as it is stored, wherever the device is


def measure() -> tuple[dict[str, Beside], dict[str, float]]:
    """The engine's speeds beside their ceilings; and figures that have none."""
    patrols = Patrols.random(DEVICES, FIXES_EACH, HOTSPOTS)
    polygons = patrols.polygons()
    speeds, memory = _speeds(patrols, polygons)
    size = np.array([len(packed) for packed in memory.pack().values()]) + TAIL_BYTES
    others = {
        "share of fixes in or near a hot spot": patrols.near(polygons),
        "bytes remembered of a device, mean": float(size.mean()),
        "bytes remembered of a device, most": float(size.max()),
        f"cost of a fix at {MANY} hot spots over {FEW}, on as much more land": _growth(),
    }
    return speeds, others


def _speeds(patrols: Patrols, polygons: np.ndarray) -> tuple[dict[str, Beside], Memory]:
    fixes, hotspots = patrols.fixes, Hotspots.prepare(patrols.hotspots)
    in_time = fixes.take(np.argsort(fixes.time_us, kind="stable"))
    batches = [in_time.take(slice(i, i + BATCH)) for i in range(0, LIVE, BATCH)]
    memory = _live(hotspots, batches)  # compiled now, if it was not
    tree = shapely.STRtree(polygons)
    shuffled = fixes.take(np.random.default_rng(2).permutation(len(fixes)))
    ceiling: list[float] = []
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        ceiling.append(rate(len(fixes), lambda: _search(tree, fixes)))
        for name, count, work in (
            ("engine, whole tracks at once", len(fixes), lambda: run(fixes, hotspots, Profile())),
            ("the same, fixes shuffled", len(fixes), lambda: run(shuffled, hotspots, Profile())),
            (f"engine, live in batches of {BATCH}", LIVE, lambda: _live(hotspots, batches)),
        ):
            rates.setdefault(name, []).append(rate(count, work))
    return {name: Beside.of(each, ceiling) for name, each in rates.items()}, memory


def _search(tree: shapely.STRtree, fixes: Fixes) -> np.ndarray:
    found: np.ndarray = tree.query(shapely.points(fixes.lon, fixes.lat), predicate="intersects")
    return found


def _live(hotspots: Hotspots, batches: list[Fixes]) -> Memory:
    """The memory goes through bytes between two batches, as it does in the service."""
    memory = Memory.empty()
    for batch in batches:
        memory = memory.joined(advance(memory, batch, hotspots, Profile()).memory)
        memory = Memory.unpack(memory.tail, memory.pack())
    return memory


def _growth() -> float:
    """How many times as long a fix takes at MANY hot spots as at FEW; the land grows with them."""
    work: list[Callable[[], object]] = []
    for count in (FEW, MANY):
        patrols = Patrols.random(GROWING, FIXES_EACH, count)
        hotspots = Hotspots.prepare(patrols.hotspots)
        work.append(lambda p=patrols, h=hotspots: run(p.fixes, h, Profile()))
    rates = np.array([[rate(1, one) for one in work] for _ in range(2 * ROUNDS)])
    return float(np.median(rates[:, 0] / rates[:, 1]))
