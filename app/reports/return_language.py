"""The little language of return templates: fields shown, lists gone through, and nothing else.

It is Jinja's, in its sandbox, without all that could call, load, assign or repeat without bound.
"""

import csv
import datetime as dt
import io
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Final

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.reports.errors import TemplateError
from app.reports.formats.text import no_formula
from app.reports.return_grammar import at, parse
from app.reports.returns import Fields
from app.reports.wording import UNKNOWN

MOST_OUTPUT: Final = 16 << 20  # characters
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What a value holds of a CSV file's own signs, while the template's are read: no text has these.
_HELD: Final = dict(zip('",\r\n', "\ufdd0\ufdd1\ufdd2\ufdd3", strict=True))
_HOLD: Final = str.maketrans(_HELD)
# Stands before what a value shows, so that of a whole field one knows that it begins with it.
_SHOWN: Final = "\ufdd4"
_RELEASE: Final = str.maketrans({held: sign for sign, held in _HELD.items()} | {_SHOWN: ""})
_MOST_DECIMALS: Final = 9


class _Environment(ImmutableSandboxedEnvironment):
    """Arithmetic is of numbers, and with what is not known comes nothing that is."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//"})

    def call_binop(
        self, context: jinja2.runtime.Context, operator: str, left: object, right: object
    ) -> object:
        """One operation."""
        if left is None or right is None:
            return None
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            msg = f"{operator} is for numbers"
            raise TypeError(msg)
        return super().call_binop(context, operator, left, right)


def _fixed(value: float | None, decimals: int = 2) -> str | None:
    if value is None:
        return None
    return f"{value:.{min(max(int(decimals), 0), _MOST_DECIMALS)}f}"


def _default(value: object, otherwise: object = "") -> object:
    return otherwise if value is None else value


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "fixed": _fixed,
    "default": _default,
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
}


def _environment(*, html: bool, show: Callable[[object], object]) -> _Environment:
    environment = _Environment(
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        finalize=show,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals = {}
    environment.filters = dict(FILTERS)
    environment.tests = {"none": lambda value: value is None}
    return environment


def shown(value: object) -> object:
    """A value as a person reads it; a number to hundredths."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case float():
            return round(value, 2)
        case dt.date():
            return value.isoformat()
        case _:
            return value


def _shown_in_csv(value: object) -> str:
    """A value as a CSV file holds it, with no sign of the file's."""
    return _SHOWN + str(shown(value)).translate(_HOLD)


def _quoted(where: str, text: str) -> str:
    """A CSV file with its fields quoted where what they show makes it needful (RFC 4180).

    None becomes a formula by what it shows.
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            writer.writerow([_field(text) for text in row])
    except csv.Error as exc:
        msg = f"{where}: line {rows.line_num} of what it makes is no CSV: {exc}"
        raise TemplateError(msg) from exc
    return made.getvalue()


def _field(held: str) -> str:
    text = held.translate(_RELEASE)
    own = not held.startswith(_SHOWN)
    return text if own or _NUMBER.fullmatch(text) else no_formula(text)


_PLAIN: Final = _environment(html=False, show=shown)
_ENVIRONMENTS: Final[Mapping[str, _Environment]] = {
    ".csv": _environment(html=False, show=_shown_in_csv),
    ".html": _environment(html=True, show=shown),
}


def render(where: str, source: str, fields: Fields, suffix: str = "") -> str:
    """What a template makes of fields, by the rules of the kind of file. Raises TemplateError."""
    environment = _ENVIRONMENTS.get(suffix, _PLAIN)
    parse(where, source)
    parts: list[str] = []
    size = 0
    try:
        for part in environment.from_string(source).generate(fields):
            size += len(part)
            if size > MOST_OUTPUT:
                msg = f"{where}: it makes more than {MOST_OUTPUT >> 20} million characters"
                raise TemplateError(msg)
            parts.append(part)
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as exc:
        raise _failed(where, exc) from exc
    text = "".join(parts)
    return _quoted(where, text) if suffix == ".csv" else text


def evaluate(where: str, source: str, fields: Mapping[str, object], one: str | None) -> object:
    """What a cell that is to show some text holds: a number where it is one field's.

    `one`: which of LISTS' records the cell is of, if it is of any. Raises TemplateError.
    """
    tree = parse(where, source.strip(), one)
    try:
        match tree.body:
            case [nodes.Output(nodes=[nodes.TemplateData()])]:
                return source
            case [nodes.Output(nodes=[_])]:
                expression = source.strip().removeprefix("{{").removesuffix("}}")
                found = _PLAIN.compile_expression(expression, undefined_to_none=False)(**fields)
                # Of numbers and days it is the cell that says how they are shown.
                return shown(found) if found is None or isinstance(found, bool) else found
            case _:
                return _PLAIN.from_string(source).render(fields)
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as exc:
        raise _failed(where, exc) from exc


def _failed(where: str, exc: Exception) -> TemplateError:
    if isinstance(exc, TemplateError):
        return exc
    # Jinja puts the template's own lines into the traceback, as of a file of this name.
    frames = traceback.walk_tb(exc.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == "<template>"]
    return TemplateError(f"{at(where, lines[-1]) if lines else where}: {exc}")
