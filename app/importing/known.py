"""What is stored already that an import is held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.compliance.cells import HotspotVersions
from app.compliance.plan import Plan


@dataclass(frozen=True, slots=True)
class Held:
    """An assignment that is held true; microseconds UTC, `end_us` None: until further notice.

    `device` is an id, `officer` a number.
    """

    device: int
    officer: str
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """Ids by name, key or number, once the import's own teams and officers are there.

    Those of devices also by their addresses. `plans` are as they are now, those of which the
    import says something; `assignments` those of the import's devices.
    """

    teams: Mapping[str, int]
    officers: Mapping[str, int]
    devices: Mapping[str, int]
    hotspots: Mapping[str, int]
    versions: HotspotVersions
    plans: Mapping[str, Plan]
    assignments: Sequence[Held]
