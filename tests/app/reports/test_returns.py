import re
from pathlib import Path

from returned import month

from app.reports.return_language import FILTERS
from app.reports.return_templates import KINDS, Templates
from app.reports.returns import FIGURES, LISTS, ONCE, PERSON_HOURS, catalogue

GUIDE = (Path(__file__).parents[3] / "docs/briefing.md").read_text()


def test_the_guide_lists_every_field_as_the_code_has_it() -> None:
    rows = re.findall(
        r"^\| `([a-z_.]+)` \| (.+) \|$", GUIDE.split("### The fields")[1], re.MULTILINE
    )
    own = {
        f"{one}.{name}": about
        for one, record in LISTS.values()
        for name, about in record.items()
        if name not in FIGURES
    }
    assert rows == [*ONCE.items(), *FIGURES.items(), *own.items()]


def test_the_guide_names_every_filter_kind_and_template() -> None:
    for name in (*FILTERS, *KINDS, *Templates(None).names(), *LISTS):
        assert re.search(rf"`{re.escape(name)}[`(]", GUIDE), name
    told = re.sub(r"\s+", " ", GUIDE)
    for sentence in re.split(r"(?<=\.) ", PERSON_HOURS.removeprefix("Person-hours are ")):
        assert sentence in told


def test_every_field_has_one_name_and_one_sentence() -> None:
    every = list(catalogue())
    assert len(dict(every)) == len(every)
    assert all(about and not about.endswith(".") and "\n" not in about for _, about in every)
    assert {name for name in month() if name not in ONCE} == {"total", *LISTS}
