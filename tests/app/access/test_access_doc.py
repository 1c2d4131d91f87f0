"""The guide's table of who sees what is the one that the code goes by."""

import re
from pathlib import Path

from app.access.viewer import RIGHTS, Right, Role, Scope

GUIDE = (Path(__file__).parents[3] / "docs" / "access.md").read_text()
WORDS = {
    "\N{EN DASH}": Scope.NOBODY,
    "own": Scope.SELF,
    "teams": Scope.TEAMS,
    "all": Scope.EVERYBODY,
}


def test_the_table_says_of_each_right_whose_it_is_and_of_whom() -> None:
    roles = re.search(r"^\| What \| Right \| (.+) \|$", GUIDE, re.MULTILINE)
    assert roles is not None
    assert roles[1].split(" | ") == [role.value for role in Role]
    rows = re.findall(r"^\| [^|]+ \| `([a-z_]+)` \| (.+) \|$", GUIDE, re.MULTILINE)
    assert [right for right, _ in rows] == [right.value for right in Right]
    for right, cells in rows:
        found = dict(zip(Role, (WORDS[cell] for cell in cells.split(" | ")), strict=True))
        expected = {role: RIGHTS[role].get(Right(right), Scope.NOBODY) for role in Role}
        assert found == expected, right
