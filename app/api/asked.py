"""What a request asked for, as the audit log keeps it: its parameters, and whom they name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from app.storage.audit_names import ROWS, Named

_LONGEST: Final = 200
"""Characters that are kept of what one parameter says."""
# The request's own affair; a reason has its own place.
_LEFT_OUT: Final = frozenset({"cursor", "limit", "reason"})
# Of a body: no place where anybody is, no secret, nor words that may be about anything.
_KEPT_OF_BODIES: Final = frozenset(
    {"officer", "team", "teams", "organisation", "device", "number", "name", "profile", "locked"}
    | {"role", "scopes", "expires", "key", "hotspot", "plan", "window", "day", "kind"}
    | {"from", "to", "start", "end"}
)
_NAMED: Final = {"officer": "officers", "team": "teams", "teams": "teams", "device": "devices"}
# By the collection that the route is of, and the parameter.
_NAMED_THERE: Final = {
    ("officers", "number"): "officers",
    ("teams", "name"): "teams",
    ("devices", "name"): "devices",
}
# What people are called.
_NEVER: Final = frozenset({("officers", "name")})

Pairs = Iterable[tuple[str, object]]


def details(collection: str, pairs: Pairs, known: Named | None) -> dict[str, str]:
    """Parameters of a route by name; what is given more than once, or is a list, is put in a row.

    Whom they name is left out, for the log has ids for that, which name nobody once they are
    erased: those of `known`; all of them without it.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        kind = _kind(collection, name)
        if name in _LEFT_OUT or (collection, name) in _NEVER or value is None:
            continue
        if kind is not None and known is None:
            continue
        named: frozenset[str] = frozenset() if kind is None else getattr(known, kind)
        given = [str(one) for one in (value if isinstance(value, list) else [value])]
        found[name] += [one for one in given if one not in named]
    return {name: _short(", ".join(values)) for name, values in found.items() if values}


def _kind(collection: str, name: str) -> str | None:
    """Of which kind is whom a parameter names; None: it names nobody."""
    return _NAMED.get(name) or _NAMED_THERE.get((collection, name))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def of_body(body: object) -> Iterator[tuple[str, object]]:
    """What is kept of a body of JSON: an object, or a list of them."""
    for one in body if isinstance(body, list) else [body]:
        if isinstance(one, Mapping):
            yield from ((name, one[name]) for name in one.keys() & _KEPT_OF_BODIES)


def named(collection: str, pairs: Pairs) -> Named:
    """Whom parameters of a route name; `collection` is the first part of its path."""
    names: dict[str, set[str]] = defaultdict(set)
    rows: list[tuple[str, int]] = []
    for name, value in pairs:
        kind = _kind(collection, name)
        if kind is not None:
            given = value if isinstance(value, list) else [value]
            names[kind].update(one for one in given if isinstance(one, str))
        elif name in ROWS and str(value).isdecimal():
            rows.append((name, int(str(value))))
    found = {kind: frozenset(names[kind]) for kind in ("officers", "teams", "devices")}
    return Named(**found, rows=tuple(rows))
