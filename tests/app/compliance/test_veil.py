"""Nobody's figures are given away by a row of a team or an organisation."""

import pytest
from compliance_rows import ints

from app.compliance.duty import NOBODY, Officers
from app.compliance.veil import veiled

ORGANISATIONS = ("Police", "Council", "Trust")


def officers(*team: int) -> Officers:
    """Officers 1, 2, ..., each of a team."""
    return Officers(ints(range(1, len(team) + 1)), ints(team), ints([0] * len(team)), ORGANISATIONS)


@pytest.mark.parametrize(
    ("team", "seen", "expected"),
    [
        # Everybody may be seen, or nobody is alone.
        ([10, 20, 20], {1, 2, 3}, [10, 20, 20]),
        ([10, 10, 20, 20], set(), [10, 10, 20, 20]),
        # One who is alone, but seen.
        ([10, 20, 20], {1}, [10, 20, 20]),
        # Two that are alone are not told apart, nor is one from somebody of no team.
        ([10, 20, 30, 30], set(), [NOBODY, NOBODY, 30, 30]),
        ([10, NOBODY, 30, 30], set(), [NOBODY, NOBODY, 30, 30]),
        # One that is alone is what the others leave of the total: the smallest joins.
        ([10, 20, 20, 30, 30, 30], set(), [NOBODY, NOBODY, NOBODY, 30, 30, 30]),
        ([NOBODY, 20, 20, 30, 30, 30], set(), [NOBODY, NOBODY, NOBODY, 30, 30, 30]),
        # What one is oneself can be taken off: the other of two is alone.
        ([10, 10, 20, 20], {1}, [NOBODY, NOBODY, NOBODY, NOBODY]),
        # There is nobody to join.
        ([10], set(), [NOBODY]),
        ([], set(), []),
    ],
)
def test_an_officer_who_is_alone_in_a_team_is_not_told_apart(
    team: list[int], seen: set[int], expected: list[int]
) -> None:
    assert veiled(officers(*team), seen).team.tolist() == expected


def test_organisations_are_kept_like_teams() -> None:
    given = Officers(ints([1, 2, 3, 4]), ints([10] * 4), ints([1, 2, 0, 0]), ORGANISATIONS)
    found = veiled(given, {4})
    assert found.team.tolist() == [10] * 4
    # Each of the three has one whom the viewer does not see.
    assert found.organisation.tolist() == [NOBODY] * 4
    assert veiled(given, None) is given
