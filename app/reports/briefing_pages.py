"""A briefing as a page (HTML that prints on A4) and as PDF."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from typing import Final

import jinja2
from markupsafe import Markup

from app.reports import briefing_chart, briefing_map, briefing_words, typesetting
from app.reports.briefing import Pack, Spot
from app.reports.wording import counted

MOST_OWED: Final = 8  # as many as one remembers
LONGEST_OWED: Final = 48  # characters of a name
_TEMPLATES: Final = files("app.reports") / "templates"
_HTML: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("app.reports"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_GREYS: Final = ("#ffffff", "#d4d4d4", "#9a9a9a", "#383838")
_PRINTED: Final = "Libertinus Serif"  # what typst brings


@dataclass(frozen=True, slots=True)
class Line:
    """A hot spot as it stands in the list of the shift.

    `key`: its id, where its name alone does not tell which it is; else empty.
    """

    number: int
    key: str
    name: str
    due: int
    owed: str
    since: str
    task: str
    note: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that a briefing says, in words; templates only put it in its place.

    `tasked`: whether there is a task for any hot spot.
    """

    title: str
    plan: str
    shift: str
    due: str
    headlines: list[str]
    figures: list[tuple[str, str, str]]
    owed: list[Line]
    owed_none: str
    spots: list[Line]
    tasked: bool
    changed: str
    changes: list[str]
    thanks: list[str]
    foot: list[str]
    chart: str | None
    map: str | None


def html(pack: Pack) -> str:
    """The briefing as one page that needs nothing else."""
    page = _page(pack, "system-ui, sans-serif")
    drawn = {
        name: drawing and Markup(drawing)  # noqa: S704 -- made by templates of ours that escape
        for name, drawing in (("chart", page.chart), ("map", page.map))
    }
    return _HTML.get_template("briefing.html").render(asdict(page) | drawn)


def pdf(pack: Pack) -> bytes:
    """The briefing as PDF on A4."""
    source = (_TEMPLATES / "briefing.typ").read_bytes()
    return typesetting.pdf("briefing.typ", source, asdict(_page(pack, _PRINTED)), pack.made_us)


def _page(pack: Pack, font: str) -> Page:
    worst = [spot for spot in pack.owed if _is_owed(spot)]
    lines = _lines(pack.spots)
    return Page(
        title=f"Shift briefing: {pack.team or pack.plan.name}",
        plan=f"{pack.plan.name} ({pack.plan.key})",
        shift=briefing_words.shift(pack),
        due=briefing_words.due(pack),
        headlines=list(briefing_words.headlines(pack)),
        figures=list(briefing_words.figures(pack)),
        owed=[_short(lines[spot.number]) for spot in worst[:MOST_OWED]],
        owed_none=_rest(len(worst)),
        spots=list(lines.values()),
        tasked=any(line.task for line in lines.values()),
        changed=briefing_words.changed(pack),
        changes=list(pack.changes) or ["Nothing, as far as is known."],
        thanks=list(briefing_words.thanks(pack)),
        foot=list(briefing_words.foot(pack)),
        chart=_chart(pack, font),
        map=_map(pack, font),
    )


def _is_owed(spot: Spot) -> bool:
    return spot.owed is not None and bool(spot.owed.patrols or spot.owed.low)


def _rest(owed: int) -> str:
    if not owed:
        return "Nothing is known to be owed to the hot spots of this shift."
    more = owed - MOST_OWED
    return f"and {counted(more, 'more hot spot')}: see the list." if more > 0 else ""


def _lines(spots: Sequence[Spot]) -> dict[int, Line]:
    """By number."""
    called = Counter(spot.place.name for spot in spots)
    return {spot.number: _line(spot, alone=called[spot.place.name] == 1) for spot in spots}


def _line(spot: Spot, *, alone: bool) -> Line:
    words, place = spot.words, spot.place
    return Line(
        number=spot.number,
        key="" if alone or not place.name else place.key,
        name=place.name or place.key,
        due=spot.due,
        owed=briefing_words.owed(spot.owed),
        since=briefing_words.since(spot),
        task="" if words is None else words.task,
        note="" if words is None else words.note,
    )


def _short(line: Line) -> Line:
    """With a name that leaves room beside the map; in the list it is whole."""
    if len(line.name) <= LONGEST_OWED:
        return line
    # Long names begin alike: what tells them apart is often at their end.
    half = (LONGEST_OWED - 1) // 2
    return replace(line, name=f"{line.name[:half]}…{line.name[-half:]}")


def _chart(pack: Pack, font: str) -> str | None:
    if not pack.week.recorded:
        return None
    size = {"width": briefing_chart.WIDTH, "height": briefing_chart.HEIGHT}
    drawn = briefing_chart.chart(pack.week.days, pack.days, pack.plan.coverage_target)
    return _svg("briefing_chart.svg", {**size, "chart": drawn, "font": font})


def _map(pack: Pack, font: str) -> str | None:
    drawn = briefing_map.draw(pack.spots)
    if drawn is None:
        return None
    metres = f"{drawn.bar_m:g} m" if drawn.bar_m < 1000 else f"{drawn.bar_m / 1000:g} km"  # noqa: PLR2004 -- metres in a kilometre
    size = {"width": briefing_map.WIDTH, "height": briefing_map.HEIGHT}
    drawing = {"map": drawn, "radius": briefing_map.RADIUS, "greys": _GREYS, "scale": metres}
    return _svg("briefing_map.svg", {**size, **drawing, "font": font})


def _svg(name: str, data: Mapping[str, object]) -> str:
    return _HTML.get_template(name).render(data)
