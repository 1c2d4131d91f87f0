"""Every threat that the document lists names a test that is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs" / "threats.md").read_text("utf-8").splitlines()
    if re.match(r"\| [STRIDE] \|", line)
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_each_kind_of_threat_is_thought_of() -> None:
    assert {line[0] for line in LINES} == set("STRIDE")


def test_each_threat_names_a_test_that_is_there() -> None:
    for line in LINES:
        assert len(line) == 4, line
        named = NAMED.findall(line[3])
        assert named, line[1]
        for path, test in named:
            assert (ROOT / path).is_file(), path
            assert test in names_in(ROOT / path), f"{path}::{test}"
