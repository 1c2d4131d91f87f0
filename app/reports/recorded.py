"""Whether anything was recorded at all, without which nobody can be said not to have come."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.compliance.figures import Figures, Share


def recorded(figures: Figures) -> bool:
    """Whether anything says of a group of cells who was there: a visit, duty, or an hour of fixes.

    Where nothing does, devices may not have reported, or not have been there: of such days it is
    not known whether anybody patrolled.
    """
    visited = figures.patrols or figures.pass_throughs or figures.background.minutes
    surveyed = figures.nearby_minutes is not None
    return bool(visited) or surveyed or figures.observability.value is not None


def widened(figures: Figures, days: Sequence[Figures]) -> Figures:
    """Figures with the ranges that they have if anything may have been done on some of their days.

    These `days` are those of which nothing was recorded; where they are all, no share is known.
    """

    def wider(of: Callable[[Figures], Share]) -> Share:
        return _wider(of(figures), sum(of(day).n for day in days))

    return replace(
        figures,
        coverage=wider(lambda one: one.coverage),
        compliance_cells=wider(lambda one: one.compliance_cells),
        compliance_patrols=wider(lambda one: one.compliance_patrols),
        compliance_minutes=wider(lambda one: one.compliance_minutes),
    )


def unknown(figures: Figures) -> Figures:
    """The figures of cells of which nothing was recorded: anything between none and all."""
    return widened(figures, [figures])


def _wider(share: Share, more: float) -> Share:
    if share.high is None:
        return share
    value = share.value if more < share.n else None
    return replace(share, value=value, high=min(share.high + more / share.n, 1.0))
