"""What a return's template may say: which fields there are, and how lists are gone through."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

import jinja2
from jinja2 import nodes

from app.reports.errors import TemplateError
from app.reports.returns import FIGURES, LISTS, ONCE

DEEPEST: Final = 2  # lists within lists
_ONES: Final = dict(LISTS.values())
_PARSER: Final = jinja2.Environment(autoescape=True)

# What a name stands for: a field (None), a record's fields, or, by its name, what goes through it.
Scope = Mapping[str, Mapping[str, str] | None]
_TOP: Final[Scope] = {**dict.fromkeys(ONCE), "total": FIGURES}
_LOOP: Final = dict.fromkeys(("index", "first", "last", "length"), "of a loop")
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test, nodes.Filter),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Neg),
)

# What people write that a template has no use for, where Jinja's own word for it says little.
_WORDS: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Getattr: "a dot but between a record and its field",
    nodes.Getitem: "square brackets",
    nodes.Call: "calling anything: fields stand without brackets",
    nodes.Assign: "“set”",
    nodes.AssignBlock: "“set”",
    nodes.Concat: "~: put one field beside the other",
    nodes.Pow: "**",
    nodes.Mod: "%",
    nodes.List: "lists of its own",
    nodes.Tuple: "lists of its own",
    nodes.Dict: "records of its own",
    nodes.ScopedEvalContextModifier: "“autoescape”",
}


def records(where: str, source: str) -> set[str]:
    """Of which of LISTS' records a cell shows fields, without going through them itself.

    Raises TemplateError.
    """
    tree = _parsed(where, source)
    if tree.find(nodes.For):
        return set()
    return _ONES.keys() & {name.name for name in tree.find_all(nodes.Name)}


def parse(where: str, source: str, one: str | None = None) -> nodes.Template:
    """A template that uses no more than there is; `one`: the record of LISTS that it is about.

    Raises TemplateError, which says what it uses where.
    """
    tree = _parsed(where, source)
    _check(tree, _TOP if one is None else {**_TOP, one: _ONES[one]}, 0, where)
    return tree


def _parsed(where: str, source: str) -> nodes.Template:
    try:
        return _PARSER.parse(source)
    except jinja2.TemplateSyntaxError as exc:
        msg = f"{at(where, exc.lineno)}: {exc.message}"
        raise TemplateError(msg) from exc


def at(where: str, line: int) -> str:
    """Where a line of a template is; of a workbook's, the cell says it."""
    return where if "cell" in where else f"{where}, line {line}"


def _check(node: nodes.Node, scope: Scope, depth: int, where: str) -> None:
    match node:
        case nodes.For():
            _check_loop(node, scope, depth, where)
            return
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr):
            _check_field(scope, name, attr, at(where, node.lineno))
            return
        case nodes.Name(name=name):
            _check_name(scope, name, at(where, node.lineno))
            return
        case _ if not isinstance(node, _ALLOWED):
            kind = _WORDS.get(type(node), f"“{type(node).__name__.lower()}”")
            msg = f"{at(where, node.lineno)}: a return's template has no use for {kind}"
            raise TemplateError(msg)
    for child in node.iter_child_nodes():
        _check(child, scope, depth, where)


def _check_loop(node: nodes.For, scope: Scope, depth: int, where: str) -> None:
    line = at(where, node.lineno)
    if not (isinstance(node.target, nodes.Name) and isinstance(node.iter, nodes.Name)):
        msg = f"{line}: write it as {{% for organisation in organisations %}}"
        raise TemplateError(msg)
    if node.iter.name not in LISTS:
        raise _unknown(line, node.iter.name, LISTS, "list")
    if depth == DEEPEST or node.recursive:
        msg = f"{line}: no more than {DEEPEST} lists within each other"
        raise TemplateError(msg)
    _, record = LISTS[node.iter.name]
    inner = {**scope, node.target.name: record, "loop": _LOOP}
    for child in (*node.body, *([] if node.test is None else [node.test])):
        _check(child, inner, depth + 1, where)
    for child in node.else_:
        _check(child, scope, depth, where)


def _check_field(scope: Scope, name: str, attr: str, line: str) -> None:
    record = scope.get(name)
    if record is None:
        _check_name(scope, name, line)
        raise _unknown(line, f"{name}.{attr}", scope, "field")
    if attr not in record:
        raise _unknown(line, f"{name}.{attr}", [f"{name}.{one}" for one in record], "field")


def _check_name(scope: Scope, name: str, line: str) -> None:
    many = next((many for many, (one, _) in LISTS.items() if name in {one, many}), None)
    if name not in scope and many is not None:
        loop = f"{{% for {LISTS[many][0]} in {many} %}} ... {{% endfor %}}"
        msg = f"{line}: there are several {many}: go through them with {loop}"
        raise TemplateError(msg)
    if name not in scope:
        raise _unknown(line, name, scope, "field")
    if scope[name] is not None:
        msg = f"{line}: {name} has many fields: show one of them, as {name}.person_hours"
        raise TemplateError(msg)


def _unknown(line: str, name: str, known: Iterable[str], what: str) -> TemplateError:
    there = list(known)
    close = get_close_matches(name, there, 1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return TemplateError(f"{line}: there is no {what} {name}{meant}; there are {', '.join(there)}")
