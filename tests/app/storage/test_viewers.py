"""Every read that the API calls is told who looks."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import app.api
from app.access.naming import Naming
from app.access.viewer import Forbidden, Role, Viewer

NOBODY = Viewer("x", Role.AUDITOR, scopes=frozenset(), authority="token 1")
ASKERS = {"viewer": NOBODY, "naming": Naming(NOBODY, b"a secret of the database")}
EXEMPT = {
    ("tokens", "viewer_of"),  # finds out who looks
    ("sessions", "shown"),  # likewise
    ("accounts", "posts_of"),  # whoever is known may: of the viewer alone, whom it is given
    ("audit_reads", "looks"),  # likewise
    ("observing", "figures_of"),  # of a device that `page` has given to the viewer
}


def calls() -> list[tuple[str, str]]:
    """Each function of a module of app.storage that a route calls with a reader, once."""
    found = set()
    for file in Path(app.api.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text())
        storage = _storage(tree)
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(module), attr=name),
                    args=[ast.Name("reader"), *_],
                ) if module in storage:
                    found.add((storage[module], name))
    return sorted(found - EXEMPT)


def _storage(tree: ast.Module) -> dict[str, str]:
    """The modules of app.storage by the names that a file gives them."""
    return {
        alias.asname or alias.name: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "app.storage"
        for alias in node.names
    }


def test_the_reads_of_the_api_are_found() -> None:
    assert len(calls()) >= 15


@pytest.mark.parametrize(("module", "name"), calls())
async def test_a_read_takes_a_viewer_and_refuses_one_without_the_right(
    module: str, name: str
) -> None:
    read = getattr(importlib.import_module(f"app.storage.{module}"), name)
    first, second, *rest = inspect.signature(read).parameters.values()
    assert first.name == "reader"
    # A naming is a viewer's own.
    assert second.name in ASKERS
    assert second.annotation is type(ASKERS[second.name])
    # Before anything else is looked at.
    by_name = {one.name: None for one in rest if one.kind is one.KEYWORD_ONLY}
    others = [None for one in rest if one.kind is not one.KEYWORD_ONLY]
    with pytest.raises(Forbidden):
        await read(None, ASKERS[second.name], *others, **by_name)
