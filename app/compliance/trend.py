"""How coverage goes on from day to day, week to week, or month to month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Trend:
    """Coverage less its target, and less that of the row before; None where one is not known."""

    against_target: float | None
    change: float | None


def trends(coverage: Sequence[float | None], targets: Sequence[float]) -> Iterator[Trend]:
    """Of each row in turn."""
    for (before, value), target in zip(pairwise([None, *coverage]), targets, strict=True):
        yield Trend(_less(value, target), _less(value, before))


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
