"""Answers: what officers say of a cell of a plan, beside its figure."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import Path, Query

from app.access.naming import Naming
from app.access.viewer import Right, Viewer
from app.api.audited import Audited
from app.api.deps import Asker, DatabaseDep, Now, Part, cursor_of, ordered
from app.api.errors import Invalid
from app.api.fields import LARGEST_ID, Day, Listing, Moment, Name, Schema, example
from app.api.naming import AsNamed
from app.api.route import guarded_router
from app.compliance.calendar import DAY
from app.compliance.cells import REQUIRED, Cells, cells
from app.storage import answers, hotspots, plans
from app.storage.engine import Reader
from app.storage.types import to_us

router = guarded_router("answers")
LATEST_DAYS = 7

_EXAMPLE = {
    "plan": "autumn",
    "hotspot": "HS1",
    "day": "2026-01-15",
    "window": "late",
    "answer": "could_not_attend",
    "reason": "Detained at the hospital with a prisoner until 22:10",
}


class _Said(Schema):
    plan: Name
    hotspot: Name
    day: Day
    window: Name
    answer: Literal["could_not_attend"] = answers.COULD_NOT_ATTEND


class Answer(_Said):
    """What an officer says of one hot spot in one window on one operational day."""

    model_config = example(_EXAMPLE)

    reason: Name


class StoredAnswer(_Said):
    """An answer with its id; whose it is and why are null where you may not see the officer.

    Where you may see what they did, and not who they are, a pseudonym stands for them.
    """

    model_config = example(
        {"id": 12, **_EXAMPLE, "officer": "PC1234", "answered": "2026-01-15T22:15:00.000000Z"}
    )

    reason: str | None
    id: int
    officer: str | None
    answered: Moment


@router.post("/answers", status_code=201)
async def put_answer(
    given: Answer, viewer: Asker, naming: AsNamed, database: DatabaseDep, now: Now
) -> StoredAnswer:
    """Says why you, an officer, could not attend: it stands beside the figure, and changes none.

    From the start of the operational day on, and for 7 days after it. Another reason for the same
    replaces yours.
    """
    async with database.write() as writer:
        hotspot = await _asked(writer, viewer, given, now)
        said = answers.Answer(**given.model_dump())
        id_ = await answers.put(writer, viewer, said, hotspot, now)
        return _shown(await answers.one(writer, viewer, id_), naming)


async def _asked(reader: Reader, viewer: Viewer, given: Answer, now: dt.datetime) -> int:
    """The id of the hot spot of a cell that the plan asks for. Raises Invalid, naming the field."""
    history = await plans.history(reader, viewer, given.plan, now)
    if not history:
        raise Invalid(where="plan", what=f"there is no plan {given.plan!r}")
    today = history[-1].plan.calendar.day_of(to_us(now))
    if not given.day <= today <= given.day + LATEST_DAYS * DAY:
        what = f"answers are taken on the operational day and for {LATEST_DAYS} days after it"
        raise Invalid(where="day", what=what)
    spots = await hotspots.columns(reader, viewer, now)
    ids = {key: id_ for id_, key in (await hotspots.keys(reader, viewer)).items()}
    asked = cells(history, spots, given.day, given.day, to_us(now))
    _require_cell(asked, given, ids.get(given.hotspot))
    return ids[given.hotspot]


def _require_cell(asked: Cells, given: Answer, hotspot: int | None) -> None:
    required = asked.kind == REQUIRED
    if not required.any():
        raise Invalid(where="day", what=f"the plan asks for nothing on {given.day}")
    if given.window not in asked.windows:
        what = f"the plan has no window {given.window!r} on {given.day}"
        raise Invalid(where="window", what=what)
    in_window = required & (asked.window == asked.windows.index(given.window))
    if hotspot not in asked.hotspot[in_window].tolist():
        what = f"the plan does not ask for {given.hotspot!r} in that window on {given.day}"
        raise Invalid(where="hotspot", what=what)


@router.get("/answers")
async def list_answers(
    *,
    viewer: Asker,
    note: Audited,
    naming: AsNamed,
    database: DatabaseDep,
    part: Part,
    plan: Annotated[Name | None, Query(description="its key")] = None,
    first: Annotated[Day | None, Query(alias="from", description="operational day")] = None,
    last: Annotated[Day | None, Query(alias="to", description="operational day, included")] = None,
) -> Listing[StoredAnswer]:
    """What officers could not attend; who they are and why, as far as you may see them."""
    ordered(first, last)
    note.show(Right.READ_VISITS)
    async with database.read() as reader:
        page = await answers.page(reader, viewer, answers.Wanted(plan, first, last), part)
    return Listing(items=[_shown(one, naming) for one in page.items], next=cursor_of(page))


def _shown(answer: answers.StoredAnswer, naming: Naming) -> StoredAnswer:
    by = answer.officer
    return StoredAnswer(
        plan=answer.plan,
        hotspot=answer.hotspot,
        day=answer.day,
        window=answer.window,
        answer="could_not_attend",
        reason=answer.reason,
        id=answer.id,
        officer=None if by is None else naming.officer(by.number, by.officer_id, by.team_id),
        answered=answer.answered,
    )


@router.delete("/answers/{answer_id}", status_code=204)
async def withdraw_answer(
    answer_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
) -> None:
    """Takes back an answer of your own."""
    async with database.write() as writer:
        await answers.withdraw(writer, viewer, answer_id, now)
