"""What may be set of what is kept, and what is refused in one line when the service starts."""

from typing import get_args

import pytest
from pydantic import ValidationError

from app.minimising import Kept
from app.settings import Settings


def test_what_may_be_kept_is_what_is_known() -> None:
    choices = get_args(Settings.model_fields["keep"].annotation)
    assert set(choices) == {one.value for one in Kept}


@pytest.mark.parametrize(("raw", "visits"), [(None, 30), (31, 30)])
def test_visits_do_not_go_before_fixes(raw: int | None, visits: int) -> None:
    with pytest.raises(ValidationError, match=r"visits_retention_days\n.*fixes are kept"):
        Settings(raw_retention_days=raw, visits_retention_days=visits)
    assert Settings(raw_retention_days=31, visits_retention_days=31).visits_retention_days == 31
