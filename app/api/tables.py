"""Small tables, made from rows that are all there, in the formats of the large ones."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence

import polars as pl
from fastapi import Response

from app.api.errors import Invalid
from app.reports.formats import FORMS, Format
from app.reports.table import Column, Heading, Kind, Table

Row = Mapping[str, object]
_KINDS: Mapping[frozenset[type], Kind] = {
    frozenset({bool}): Kind.FLAG,
    frozenset({int}): Kind.INTEGER,
    frozenset({float}): Kind.NUMBER,
    frozenset({int, float}): Kind.NUMBER,
    frozenset({dt.datetime}): Kind.TIME,
    frozenset({dt.date}): Kind.DATE,
}


def table_response(
    form: Format,
    title: str,
    columns: Mapping[str, str],
    rows: Sequence[Row],
    parameters: Mapping[str, str],
) -> Response:
    """Rows as a table; `columns` are their names, in order, and what each means.

    A column of different kinds of values is one of texts. Raises Invalid where the format is one
    that draws rows.
    """
    if form is Format.GEOJSON:
        raise Invalid(where="f", what="in this table there is nothing that a map could show")
    values = {name: [row[name] for row in rows] for name in columns}
    kinds = {name: _kind(column) for name, column in values.items()}
    described = tuple(Column(name, kinds[name], about) for name, about in columns.items())
    table = Table(title.lower(), title, "", described)
    series = {name: _series(column, kinds[name]) for name, column in values.items()}
    file, made = io.BytesIO(), FORMS[form]
    made.write(Heading(table, parameters), [pl.DataFrame(series, table.schema)], file)
    headers = {"Content-Disposition": f'attachment; filename="{table.name}.{form}"'}
    return Response(file.getvalue(), media_type=made.media_type, headers=headers)


def _kind(values: Sequence[object]) -> Kind:
    found = frozenset(type(value) for value in values if value is not None)
    return _KINDS.get(found, Kind.TEXT)


def _series(values: Sequence[object], kind: Kind) -> pl.Series:
    if kind is Kind.TEXT:
        values = [None if value is None else str(value) for value in values]
    return pl.Series(values, dtype=kind.dtype, strict=False)
