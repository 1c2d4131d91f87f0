"""Nobody's figures are given away by a row of a team or an organisation."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from compliance_rows import ints
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.duty import NOBODY, Abstractions, Officers
from app.compliance.veil import ALL, HIDDEN_REASON, Sight, Turnout, reasons_veiled, veiled

NEVER = ints([]), ints([])
ORGANISATIONS = ("Police", "Council", "Trust")


def officers(*team: int) -> Officers:
    """Officers 1, 2, ..., each of a team."""
    return Officers(ints(range(1, len(team) + 1)), ints(team), ints([0] * len(team)), ORGANISATIONS)


def turnout(*working: Iterable[int]) -> Turnout:
    """Who was at work on the first day, on the second, ..."""
    pairs = [(officer, day) for day, there in enumerate(working) for officer in sorted(there)]
    return Turnout(*(ints(column) for column in zip(*pairs, strict=True)) if pairs else NEVER)


@pytest.mark.parametrize(
    ("team", "known", "expected"),
    [
        # Everybody is known, or nobody is alone.
        ([10, 20, 20], {1, 2, 3}, [10, 20, 20]),
        ([10, 10, 20, 20], set(), [10, 10, 20, 20]),
        # One who is alone, but known.
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
    team: list[int], known: set[int], expected: list[int]
) -> None:
    everybody = turnout(range(1, len(team) + 1))
    found = veiled(officers(*team), everybody, Sight(known=known, least=2))
    assert found.officers.team.tolist() == expected


def test_teams_of_too_few_are_folded_and_counted() -> None:
    given = officers(10, 10, 20, 20, 20, 30, 30, 30, 30)
    found = veiled(given, turnout(range(1, 10)), Sight(known=set(), least=3))
    assert found.officers.team.tolist() == [NOBODY] * 5 + [30] * 4
    assert (found.teams, found.organisations) == (2, 0)


def test_only_those_who_were_at_work_make_a_row() -> None:
    given, sight = officers(10, 10, 10, 20, 20, 20), Sight(known=set(), least=3)
    shown = veiled(given, turnout(range(1, 7)), sight).officers.team
    assert shown.tolist() == [10, 10, 10, 20, 20, 20]
    # One of the second team was: it is that one's row, and the first joins it.
    assert veiled(given, turnout([1, 2, 3, 4]), sight).officers.team.tolist() == [NOBODY] * 6


def test_organisations_are_kept_like_teams() -> None:
    given = Officers(ints([1, 2, 3, 4]), ints([10] * 4), ints([1, 2, 0, 0]), ORGANISATIONS)
    found = veiled(given, turnout(range(1, 5)), Sight(known={4}, least=2))
    assert found.officers.team.tolist() == [10] * 4
    # Each of the three has one whom the viewer does not know.
    assert found.officers.organisation.tolist() == [NOBODY] * 4
    assert found.organisations == 3
    assert veiled(given, turnout(range(1, 5)), ALL).officers is given


def test_a_row_of_two_days_is_no_way_to_one_officer_of_either() -> None:
    given, sight = officers(10, 10, 10, 20, 20, 20), Sight(known=set(), least=3)
    everybody, one = range(1, 7), [1, 2, 3, 4]
    assert veiled(given, turnout(everybody), sight).teams == 0
    assert veiled(given, turnout(everybody, one), sight).officers.team.tolist() == [NOBODY] * 6
    # On a day on which nobody of it is there, there is nobody to tell of.
    first = veiled(given, turnout(everybody, [1, 2, 3]), sight)
    assert first.officers.team.tolist() == [10, 10, 10, 20, 20, 20]


DAYS = 3
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from([NOBODY, 10, 20, 30, 40]),
        st.booleans(),
        st.tuples(*[st.booleans()] * DAYS),
    ),
    max_size=16,
)


@given(people=PEOPLE, least=st.integers(2, 5))
def test_no_sum_of_rows_and_totals_of_any_periods_gives_a_hidden_teams_figure(
    people: list[tuple[int, bool, tuple[bool, ...]]], least: int
) -> None:
    """Whoever knows them all and their own people's figures solves for no small team of a day."""
    team = np.array([one[0] for one in people], np.int64)
    known = np.array([one[1] for one in people], np.bool_)
    working = np.array([one[2] for one in people], np.bool_).reshape(-1, DAYS)
    ids = np.arange(1, len(people) + 1)
    sight = Sight(known=set(ids[known].tolist()), least=least)
    # Each figure is a sum over officers and days: those of who was there and is not known.
    unknown = working & ~known[:, None]
    told = []
    for first, end in combinations(range(DAYS + 1), 2):
        there = turnout(*(ids[day] for day in working.T[first:end]))
        shown = veiled(officers(*team.tolist()), there, sight).officers.team
        asked = unknown & (first <= np.arange(DAYS)) & (np.arange(DAYS) < end)
        told += [asked, *(asked & (shown == row)[:, None] for row in np.unique(shown))]
    figures = np.array(told, float).reshape(len(told), -1)
    rank = np.linalg.matrix_rank(figures) if len(people) else 0
    for day in range(DAYS):
        for one in np.unique(team):
            few = np.zeros_like(unknown)
            few[:, day] = (team == one) & unknown[:, day]
            # Of those that are all who are unknown the total tells, which is a figure of places.
            if not 0 < few.sum() < least or few.sum() == unknown[:, day].sum():
                continue
            more = np.vstack([figures, few.astype(float).reshape(1, -1)])
            assert np.linalg.matrix_rank(more) == rank + 1


def test_why_one_officer_was_taken_off_the_plan_is_not_for_all() -> None:
    given = Abstractions(
        officer=ints([1, 2, NOBODY]),
        team=ints([NOBODY, NOBODY, 10]),
        start_us=ints([0, 0, 0]),
        end_us=ints([1, 1, 1]),
        reason=ints([0, 1, 2]),
        reasons=("PC One's operation", "PC Two's leave", "bonfire night"),
    )
    found = reasons_veiled(given, Sight(rostered={2}))
    assert [found.reasons[i] for i in found.reason] == [
        HIDDEN_REASON,
        "PC Two's leave",
        "bonfire night",
    ]
    assert reasons_veiled(given, ALL) is given
