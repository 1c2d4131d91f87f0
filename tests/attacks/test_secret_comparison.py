"""Secrets are looked up by digest or compared in constant time: nothing leaks by the clock."""

import ast
from pathlib import Path

import pytest

from app.access.secrets import Kind, digest, new_secret

ROOT = Path(__file__).parents[2]
SECRETS = {"secret", "token", "password", "signature", "csrf", "key_secret", "client_secret"}


def compared(tree: ast.AST) -> list[int]:
    """The lines on which a name that sounds like a secret is compared by == or !=."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(how, ast.Eq | ast.NotEq) for how in node.ops)
        and any(_secret(side) for side in (node.left, *node.comparators))
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
    ]


def _secret(side: ast.expr) -> bool:
    name = getattr(side, "id", getattr(side, "attr", ""))
    return name.lower().lstrip("_") in SECRETS


def test_the_search_finds_what_it_is_to_find() -> None:
    assert compared(ast.parse("if given.token != stored: pass")) == [1]
    assert compared(ast.parse("if csrf == cookie: pass")) == [1]
    assert compared(ast.parse("if hmac.compare_digest(token, stored): pass")) == []


@pytest.mark.parametrize("package", ["app", "ingest"])
def test_no_secret_is_compared_letter_by_letter(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / package).rglob("*.py"))
        if (lines := compared(ast.parse(path.read_text("utf-8"))))
    }
    assert found == {}


def test_what_is_looked_up_shares_no_beginning_with_what_was_sent() -> None:
    """So how far a guess is right cannot show in how long it takes to look up."""
    secret = new_secret(Kind.DEVICE_KEY)
    near = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    pairs = zip(digest(secret), digest(near), strict=True)
    assert sum(one == other for one, other in pairs) < 8
