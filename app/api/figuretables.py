"""Figures of a plan as a table: a row each, the total last."""

from typing import Final

from fastapi import Response

from app.api.fields import rfc3339
from app.api.figurerows import Compliance, Trend, columns
from app.api.figures import EXAMPLE, Figures, flat
from app.api.tables import table_response
from app.reports.formats import Format

# What the parts of figures are, and the totals of parts that have names of their own.
_PARTS: Final = {"low": "at least", "high": "at most", "n": "of how many"}
_BANDS: Final = flat({"bands": EXAMPLE["bands"]}).keys()


def figure_table(form: Format, answer: Compliance) -> Response:
    """The figures in a format other than JSON. Raises Invalid for one that draws rows."""
    rows = [flat(row.model_dump()) for row in answer.rows]
    total = dict.fromkeys(columns(answer.by), "total") | flat(answer.total.model_dump())
    names = list(rows[0] if rows else total)
    # What goes on from row to row has no total.
    rows.append(dict.fromkeys(names) | total)
    asked = {
        "plan": answer.plan,
        "from": str(answer.first),
        "to": str(answer.last),
        "as_at": rfc3339(answer.as_at),
        "by": answer.by,
        "method": str(answer.method),
        "coverage_target": str(answer.coverage_target),
        "open_visits": str(answer.open_visits),
        **({} if answer.erased is None else {"erased": rfc3339(answer.erased)}),
        **({} if answer.folded is None else {"folded": answer.folded}),
    }
    return table_response(form, "Compliance", {name: meaning(name) for name in names}, rows, asked)


def meaning(column: str) -> str:
    """What a column is, in words."""
    if column in _BANDS:
        return f"Patrols by minutes: {column.removeprefix('patrols_').replace('_', ' ')}."
    stems = [name for name in Figures.model_fields if f"{column}_".startswith(f"{name}_")]
    if not stems:
        return "How coverage goes on." if column in Trend.model_fields else "What the row is of."
    stem = max(stems, key=len)
    field, part = Figures.model_fields[stem], column[len(stem) + 1 :]
    about = field.description or stem.replace("_", " ")
    said = f", {_PARTS.get(part, part.replace('_', ' '))}" if part else ""
    return f"{about[0].upper()}{about[1:]}{said}."
