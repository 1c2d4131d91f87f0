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


def test_a_refusal_names_the_right_and_the_role() -> None:
    Viewer("x", Role.OFFICER).require(Right.READ_VISITS)
    with pytest.raises(Forbidden, match="the role auditor has no right to read visits"):
        Viewer("x", Role.AUDITOR).require(Right.READ_VISITS)
