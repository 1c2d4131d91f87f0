import pytest

from app.access.viewer import RIGHTS, Forbidden, Glass, Insider, Right, Role, Scope, Viewer

MANAGING = [right for right in Right if right.startswith("manage")]
WHERE = Right.READ_VISITS, Right.READ_TRACKS


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == {*Role, *Insider}


@pytest.mark.parametrize("right", MANAGING)
def test_of_people_only_an_administrator_manages(right: Right) -> None:
    assert [role for role in Role if right in RIGHTS[role]] == [Role.ADMINISTRATOR]


@pytest.mark.parametrize("right", WHERE)
def test_an_administrator_and_an_auditor_see_no_positions(right: Right) -> None:
    for role in (Role.ADMINISTRATOR, Role.AUDITOR):
        assert not Viewer("x", role).permits(right)
        assert not Viewer("x", role).sees(right, 1, 7)


def test_an_analyst_learns_no_names_and_an_auditor_reads_the_log_alone() -> None:
    assert not Viewer("x", Role.ANALYST).permits(Right.READ_NAMES)
    assert not Viewer("x", Role.ANALYST).permits(Right.READ_PEOPLE)
    assert set(RIGHTS[Role.AUDITOR]) == {Right.READ_AUDIT}
    assert [role for role in Role if Right.READ_AUDIT in RIGHTS[role]] == [Role.AUDITOR]


def test_an_officer_sees_themselves_a_supervisor_their_teams_an_analyst_all() -> None:
    mine, team = {"officer_id": 1}, {"team_ids": frozenset({7})}
    people = [(1, 7), (2, 7), (3, None)]
    seen = {
        role: [one for one, of in people if Viewer("x", role, **more).sees(WHERE[0], one, of)]
        for role, more in [
            (Role.OFFICER, mine),
            (Role.SUPERVISOR, team),
            (Role.ANALYST, {}),
            (Role.ADMINISTRATOR, {}),
            (Role.AUDITOR, mine | team),
            (Insider.OPERATOR, {}),
        ]
    }
    assert list(seen.values()) == [[1], [1, 2], [1, 2, 3], [], [], [1, 2, 3]]


def test_a_token_has_no_right_that_it_is_not_for() -> None:
    roster = Viewer("x", Role.ADMINISTRATOR, scopes=frozenset({Right.MANAGE_PEOPLE}))
    assert [right for right in Right if roster.permits(right)] == [Right.MANAGE_PEOPLE]
    with pytest.raises(Forbidden, match="this token is not for the right to manage access"):
        roster.require(Right.MANAGE_ACCESS)
    more = Viewer("x", Role.ANALYST, scopes=frozenset({Right.MANAGE_PEOPLE, *WHERE}))
    assert [right for right in Right if more.permits(right)] == [Right.READ_VISITS]


def test_broken_glass_shows_those_it_was_broken_for_and_nobody_else() -> None:
    whole = Viewer("x", Role.ADMINISTRATOR)
    broken = Viewer("x", Role.ADMINISTRATOR, glass=Glass(1, frozenset({2})))
    for right in WHERE:
        assert broken.permits(right)
        assert [broken.sees(right, one, None) for one in (1, 2)] == [False, True]
        assert broken.scope_of(right) is Scope.NOBODY
    assert broken.permits(Right.ANSWER) is whole.permits(Right.ANSWER) is False
    assert not broken.permits(Right.READ_PAYLOADS)
    assert Viewer("x", Role.ADMINISTRATOR, glass=Glass(1, payloads=True)).permits(
        Right.READ_PAYLOADS
    )


def test_a_refusal_names_the_right_and_the_role() -> None:
    Viewer("x", Role.OFFICER).require(Right.READ_VISITS)
    with pytest.raises(Forbidden, match="the role auditor has no right to read visits"):
        Viewer("x", Role.AUDITOR).require(Right.READ_VISITS)


def test_what_a_token_is_not_for_no_glass_opens() -> None:
    scopes = frozenset({Right.BREAK_GLASS})
    broken = Viewer("x", Role.ADMINISTRATOR, scopes=scopes, glass=Glass(1, frozenset({2})))
    # Its role has the one; the other is what the glass is for.
    assert not broken.permits(Right.READ_PEOPLE)
    assert broken.permits(Right.READ_VISITS)
