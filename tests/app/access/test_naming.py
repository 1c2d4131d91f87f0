"""Names for who has the right to them, and pseudonyms that are one viewer's own for the others."""

import pytest

from app.access.naming import Naming
from app.access.viewer import Glass, Right, Role, Viewer

SECRET = b"the database's"


def naming(role: Role = Role.ANALYST, authority: str = "token 7", **more: object) -> Naming:
    viewer = Viewer("x", role, authority=authority, **more)  # type: ignore[arg-type] # as asked
    return Naming(viewer, SECRET)


def test_an_analysts_pseudonyms_are_theirs_alone() -> None:
    mine, again, other = naming(), naming(), naming(authority="token 8")
    assert mine.officer("12", 1, None) == again.officer("12", 1, None) != "12"
    assert mine.device("radio-1") == again.device("radio-1") != "radio-1"
    assert mine.officer("12", 1, None) != other.officer("12", 1, None)
    assert mine.device("radio-1") != other.device("radio-1")


def test_who_has_the_right_reads_names_of_those_of_whom_it_is() -> None:
    supervisor = naming(Role.SUPERVISOR, team_ids=frozenset({10}))
    assert supervisor.officer("12", 1, 10) == "12"
    assert supervisor.officer("13", 2, 20).startswith("officer-")
    assert supervisor.device("radio-1") == "radio-1"


def test_a_token_that_is_not_for_names_gives_none() -> None:
    found = naming(Role.SUPERVISOR, team_ids=frozenset({10}), scopes=frozenset({Right.READ_VISITS}))
    assert not found.by_name
    assert found.officer("12", 1, 10).startswith("officer-")


def test_the_broken_glass_names_only_those_for_whom_it_was_broken() -> None:
    found = naming(glass=Glass(1, frozenset({1})))
    assert found.officer("12", 1, None) == "12"
    assert found.officer("13", 2, None).startswith("officer-")
    assert found.device("radio-1").startswith("device-")


def test_lists_are_in_the_order_of_what_stands_in_them() -> None:
    names = {id_: f"radio-{id_}" for id_ in range(1, 9)}
    mine = naming()
    places = mine.places("device", names)
    told = sorted(names, key=lambda id_: mine.device(names[id_]))
    assert sorted(names, key=lambda id_: places[id_]) == told != list(names)
    assert naming(Role.ADMINISTRATOR).places("device", names) == {id_: id_ for id_ in names}


def test_a_viewer_asks_for_somebody_as_they_read_them() -> None:
    mine, names = naming(), ["radio-1", "radio-2"]
    assert mine.meant("device", mine.device("radio-2"), names) == "radio-2"
    assert mine.meant("device", naming(authority="token 8").device("radio-2"), names) is None
    assert naming(Role.SUPERVISOR).meant("device", "radio-2", []) == "radio-2"
    for name in ("radio-2", "radio-3"):
        with pytest.raises(ValueError, match="as your lists have it"):
            mine.meant("device", name, names)
