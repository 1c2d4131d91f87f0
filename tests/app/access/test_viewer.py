import pytest

from app.access.viewer import RIGHTS, SCOPES, Forbidden, Right, Role, Scope, Viewer


def test_every_role_has_its_rights_and_its_scope() -> None:
    assert set(RIGHTS) == set(SCOPES) == set(Role)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.ANALYST])
def test_only_an_administrator_manages(role: Role) -> None:
    assert not Viewer("x", role).permits(Right.MANAGE)
    assert Viewer("x", Role.ADMINISTRATOR).permits(Right.MANAGE)


def test_whoever_may_read_visits_sees_somebody_s() -> None:
    for role in Role:
        viewer = Viewer("x", role)
        sees_somebody = viewer.scope is not Scope.NOBODY
        assert viewer.permits(Right.READ_VISITS) == sees_somebody


def test_an_officer_sees_themselves_a_supervisor_their_teams_an_auditor_nobody() -> None:
    mine, team = {"officer_id": 1}, {"team_ids": frozenset({7})}
    people = [(1, 7), (2, 7), (3, None)]
    seen = {
        role: [officer for officer, of in people if Viewer("x", role, **more).sees(officer, of)]
        for role, more in [
            (Role.OFFICER, mine),
            (Role.SUPERVISOR, team),
            (Role.ANALYST, {}),
            (Role.ADMINISTRATOR, {}),
            (Role.AUDITOR, mine | team),
        ]
    }
    assert list(seen.values()) == [[1], [1, 2], [1, 2, 3], [1, 2, 3], []]


def test_a_refusal_names_the_right_and_the_role() -> None:
    Viewer("x", Role.OFFICER).require(Right.READ_VISITS)
    with pytest.raises(Forbidden, match="the role auditor has no right to read visits"):
        Viewer("x", Role.AUDITOR).require(Right.READ_VISITS)
