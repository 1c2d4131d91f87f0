import re
from html import unescape

import httpx
import pypdfium2
import pytest
from callers import Clock, TokenFor
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.storage.engine import Database

LATE = 15 * 60
WINDOWS = [
    {"name": "early", "start": "07:00", "end": "15:00"},
    {"name": "late", "start": "15:00", "end": "23:00"},
]
PLAN = {"name": "Late turns", "windows": WINDOWS[1:], "first_day": "2026-01-14"}
NAMES = ("<script>alert(1)</script>", '#include "x"', "{{ 7*7 }}", "Café Łódź")
A4 = (595.28, 841.89)  # points


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What it reads of its own is tried on each kind of database elsewhere."""
    return sqlite_url


@pytest.fixture(autouse=True)
async def shift(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """Four hot spots, a plan known before its days, and what two officers did on the first two."""
    clock.set("2026-01-12T12:00:00Z")
    spots = [feature(f"HS{n}", square(lon=-3 + n / 100), name=name) for n, name in enumerate(NAMES)]
    await admin.post("/hotspots", json=collection(*spots))
    assert (await admin.put("/plans/late", json=PLAN)).is_success
    for number, team in (("1", "North"), ("2", "North"), ("3", "South"), ("4", "South")):
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": f"O{number}", "team": team})
        await admin.post("/devices", json={"name": f"radio-{number}", "kind": "radio"})
        held = {"device": f"radio-{number}", "officer": number, "start": "2026-01-14T12:00:00Z"}
        await admin.post("/assignments", json=held)
    await store(
        database,
        StoredVisit("radio-1", "HS0", LATE + 10, LATE + 22),
        StoredVisit("radio-1", "HS1", LATE + 60, LATE + 72),
        StoredVisit("radio-3", "HS2", LATE + 60, LATE + 70.5),  # surely 9.5 minutes
        StoredVisit("radio-3", "HS0", LATE - 24 * 60, LATE - 24 * 60 + 12),
    )
    await admin.put("/hotspots/HS0/briefing", json={"task": "Walk *all* of it", "note": "<b>\nTwo"})
    clock.set("2026-01-16T14:30:00Z")


async def asked(client: httpx.AsyncClient, **more: object) -> httpx.Response:
    answer = await client.get("/briefing-pack", params={"plan": "late", **more})
    assert answer.status_code == 200, answer.text
    return answer


def words(page: str) -> str:
    """The text of a page, its styles and drawings left out, no-break spaces as any others."""
    text = re.sub(r"<(style|svg|title).*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text))).strip()


async def test_a_briefing_says_how_yesterday_and_the_week_went(admin: httpx.AsyncClient) -> None:
    text = words((await asked(admin)).text)
    assert "late, Friday 16 January 2026, 15:00 to 23:00" in text
    assert "This shift: 4 patrols of 10 to 15 minutes, at 4 hot spots." in text
    assert (
        "Yesterday, Thursday 15 January 2026, 3 of 4 cells were covered (75 %; between 50 and "
        "75 %). The target is 90 %, and was missed."
    ) in text
    assert (
        "In the last seven days, 4 of 8 cells were covered (50 %; between 37.5 and 50 %)." in text
    )
    assert "How well devices were observed is not known" in text


async def test_what_is_in_names_is_shown_and_nothing_more(admin: httpx.AsyncClient) -> None:
    page = await asked(admin)
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "&lt;b&gt;\nTwo" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "http" not in page.text.replace('xmlns="http://www.w3.org/2000/svg"', "")


async def test_a_briefing_comes_as_pdf_on_a4_with_the_same_words(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(
        "/briefing-pack", params={"plan": "late"}, headers={"Accept": "application/pdf"}
    )
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(answer.content)
    sizes = [page.get_size() for page in document]
    assert 1 <= len(sizes) <= 2
    assert all(size == pytest.approx(A4, abs=0.1) for size in sizes)
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    text = re.sub(r"[\s\u200b]", "", text)  # where lines are, and may be, broken
    for shown in (*NAMES, "Walk *all* of it", "3 of 4 cells", "<b>", "What changed"):
        assert shown.replace(" ", "") in text, shown


async def test_hot_spots_owed_most_come_first_and_say_since_when(admin: httpx.AsyncClient) -> None:
    text = words((await asked(admin)).text)
    owed = text.split("Owed most")[1].split("Where")[0]
    # HS3 got neither of its two; HS2's only one surely lasted 9.5 minutes.
    assert re.search(r"Café Łódź 2 none known", owed)
    assert re.search(r"\{\{ 7\*7 \}\} 1 \(1 to 2\) 22 h 20 min", owed)
    assert "alert" not in owed


async def test_officers_are_thanked_by_those_who_may_name_them_else_teams(
    supervisor: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    thanked = {
        ("supervisor", "North", "South"): "1 O1 (2); 3 O3 (2)",
        ("supervisor", "South"): "3 O3 (2)",
        ("analyst",): "North (2); South (2)",
        ("administrator",): "North (2); South (2)",
    }
    for (role, *teams), names in thanked.items():
        headers = await token_for(role, **({"teams": teams} if teams else {}))
        answer = await stranger.get("/briefing-pack", params={"plan": "late"}, headers=headers)
        text = words(answer.text)
        assert f"patrols that count in the last seven days: {names}." in text, role
    # Teams of two, of whom one sees one, would give the other away.
    officer = await token_for("officer", officer="1")
    alone = await stranger.get("/briefing-pack", params={"plan": "late"}, headers=officer)
    assert "Nobody who may be named here made a patrol that counts" in words(alone.text)
    text = words((await asked(supervisor, team="South")).text)
    assert "Shift briefing: South" in text
    assert "These figures are of the whole plan, not of South alone." in text
    assert "South made 2 patrols that count in the last seven days." in text
    assert "3 O3 (2)." in text
    assert "O1" not in text


async def test_a_briefing_says_what_changed_in_the_week(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    text = words((await asked(admin)).text)
    assert "What changed since Friday 9 January 2026 The plan is new." in text
    clock.set("2026-01-22T14:30:00Z")
    changed = {**PLAN, "windows": WINDOWS, "coverage_target": 0.8, "minimum_minutes": 8}
    await admin.put("/plans/late", json=changed)
    await admin.put("/hotspots/HS1/briefing", json={"task": "Another"})
    await admin.post("/hotspots", json=collection(feature("HS1", square(lon=-2.95), name="New")))
    await admin.delete("/hotspots/HS3", params={"from": "2026-01-22"})
    text = words((await asked(admin)).text)
    for told in (
        "The coverage target is now 80 %; it was 90 %.",
        "The shortest patrol that counts is now 8 minutes; it was 10 minutes.",
        "The window early is new: 07:00 to 15:00, 1 patrol each.",
        "No longer in the plan: HS3 Café Łódź.",
        "Redrawn: HS1 New.",
        "What to do was changed at HS1 New.",
    ):
        assert told in text, told
    # As known a week before, it has none of these.
    before = words((await asked(admin, at="2026-01-20T14:30:00Z")).text)
    assert "Nothing, as far as is known." in before
    assert "Café Łódź" in before


async def test_a_plan_without_days_is_briefed_and_says_so(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    await admin.put("/plans/later", json={**PLAN, "first_day": "2026-03-01"})
    text = words((await asked(admin, plan="later")).text)
    assert "The plan asks for nothing in the next seven days." in text
    assert "the plan asked for nothing: there are no figures yet." in text
    assert "nothing asked for" not in text
    assert "Dashed: the target" not in text
    pdf = await asked(admin, plan="later", f="pdf")
    assert len(pypdfium2.PdfDocument(pdf.content)) == 1


@pytest.mark.parametrize(
    ("more", "status", "detail"),
    [
        ({"plan": "none"}, 404, "there is no plan 'none'"),
        (
            {"at": "2026-01-12T11:00:00Z"},
            404,
            "the plan 'late' was not known then: it was loaded on 2026-01-12 at 12:00 UTC",
        ),
        ({"team": "West"}, 422, "team: there is no team 'West'"),
        ({"at": "2026-01-24T14:30:00Z"}, 422, "at: it is more than 7 days ahead"),
        ({"f": "docx"}, 422, "query.f: Input should be 'html' or 'pdf'"),
    ],
)
async def test_what_cannot_be_briefed_is_refused_by_field(
    admin: httpx.AsyncClient, more: dict[str, str], status: int, detail: str
) -> None:
    answer = await admin.get("/briefing-pack", params={"plan": "late", **more})
    assert answer.status_code == status
    assert answer.json()["detail"] == detail


async def test_what_cannot_be_measured_has_no_figure(admin: httpx.AsyncClient) -> None:
    times = {"start": "2026-01-15T15:00:00Z", "end": "2026-01-15T23:00:00Z"}
    assert (await admin.post("/duty-times", json={"officer": "1", **times})).is_success
    away = {"officer": "1", "reason": "custody", **times, "end": "2026-01-15T21:00:00Z"}
    assert (await admin.post("/abstractions", json=away)).is_success
    text = words((await asked(admin)).text)
    assert (
        "Yesterday, Thursday 15 January 2026, coverage cannot be measured, as too little was "
        "observed: as far as was seen, 3 of 4 cells were covered, and it may be 50 to 100 %."
    ) in text
    assert "Coverage: cells with a patrol not measurable (50 to 100 %) of 4" in text
    assert "Mean length of a patrol too little observed to say, of 3" in text
    assert "Taken off the plan yesterday: 6 hours of officers' duty, for custody." in text
    assert "Devices were observed 0 % of their time on duty: too little to tell; 80 % are" in text
    # What is surely owed is what was not made on the day on which nobody was on duty.
    assert re.search(r"Café Łódź 1 to 2\? none known", text)
    assert "cannot be measured" in words((await asked(admin, f="html", team="North")).text)


async def test_days_of_which_nothing_was_recorded_are_not_judged(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    clock.set("2026-01-21T14:30:00Z")
    text = words((await asked(admin)).text)
    assert (
        "Yesterday, Tuesday 20 January 2026, nothing was recorded, of 4 cells: whether anybody "
        "patrolled is not known. In the last seven days, 4 of 28 cells were covered (14.3 %; "
        "between 10.7 and 85.7 %)."
    ) in text
    assert "Nothing was recorded on the days of 20 cells of these: they may have been" in text
    assert "Coverage: cells with a patrol nothing recorded 14.3 % (10.7 to 85.7 %) of 28" in text
    clock.set("2026-01-26T14:30:00Z")
    text = words((await asked(admin)).text)
    assert "In the last seven days, nothing was recorded, of 28 cells: whether" in text
    assert "The target is" not in text
    assert "Figures" not in text
    assert "Dashed: the target" not in text
    assert "Nothing is known to be owed to the hot spots of this shift." in text
    # An hour in which devices were on duty and silent is something that is known.
    times = {"start": "2026-01-25T15:00:00Z", "end": "2026-01-25T23:00:00Z"}
    assert (await admin.post("/duty-times", json={"officer": "1", **times})).is_success
    assert "nothing was recorded" not in words((await asked(admin)).text)


async def test_names_that_begin_alike_are_told_apart(admin: httpx.AsyncClient) -> None:
    long = "Corner of Saint Bartholomew's Street and Great Northern Road, entrance "
    spots = [feature(f"HS{n}", square(lon=-3 + n / 100), name=f"{long}{n}") for n in range(4)]
    await admin.post("/hotspots", json=collection(*spots))
    owed = words((await asked(admin)).text).split("Owed most")[1].split("Where")[0]
    assert "Corner of Saint Barthol…rthern Road, entrance 3 2 none known" in owed
    pdf = pypdfium2.PdfDocument((await asked(admin, f="pdf")).content)
    text = " ".join(page.get_textpage().get_text_bounded() for page in pdf)
    assert "Bartholomew" in text
    assert "\u200b" not in text


async def test_a_hot_spot_is_called_by_its_name_and_by_its_id_where_another_has_it(
    admin: httpx.AsyncClient,
) -> None:
    text = words((await asked(admin)).text)
    assert "HS" not in text.split("What to do")[1].split("What changed")[0]
    assert "No task is written down" not in text
    same = [feature(f"HS{n}", square(lon=-3 + n / 100), name="Same") for n in (1, 2)]
    await admin.post("/hotspots", json=collection(*same))
    await admin.delete("/hotspots/HS0/briefing")
    text = words((await asked(admin)).text)
    listed = text.split("What to do")[1].split("What changed")[0]
    assert {found[1] for found in re.finditer(r"Same (\w+) ", listed)} == {"HS1", "HS2"}
    assert "HS0" not in listed
    assert "No task is written down for any of these hot spots." in listed
    assert "Task" not in listed


@pytest.mark.parametrize("ahead", ["2026-01-16T14:30:00Z", "2026-01-19T14:30:00Z"])
async def test_a_day_that_is_not_over_is_not_judged(
    admin: httpx.AsyncClient, clock: Clock, ahead: str
) -> None:
    clock.set("2026-01-15T20:00:00Z")
    text = words((await asked(admin, at=ahead)).text)
    assert (
        "On Wednesday 14 January 2026, 1 of 4 cells was covered (25 %). The target is 90 %, and "
        "was missed. In the seven days to Wednesday 14 January 2026, 1 of 4 cells was covered (25 %"
    ) in text
    assert (
        "Thursday 15 January 2026 was not over: so far 3 of 4 cells were covered, and the windows "
        "of 4 cells were still to end. That is in none of these figures."
    ) in text
    assert "Figures Wednesday 14 January 2026 Seven days to then Coverage" in text
    assert "What changed since Thursday 8 January 2026 The plan is new." in text
    # Of what is owed none is of the day that may still give it.
    owed = text.split("Owed most")[1].split("Where")[0]
    assert re.search(r"Café Łódź 1 none known", owed)
    assert len(re.findall(r" 1 (?:none known|\d+ )", owed)) == 3
    assert "Friday" not in text.split("How it went")[1].split("What to do")[0]


@pytest.mark.parametrize("made", ["2026-01-15T23:00:00Z", "2026-01-16T03:22:00Z"])
async def test_a_day_whose_windows_are_over_is_yesterday_to_the_next(
    admin: httpx.AsyncClient, clock: Clock, made: str
) -> None:
    clock.set(made)
    text = words((await asked(admin, at="2026-01-16T14:30:00Z")).text)
    assert "Yesterday, Thursday 15 January 2026, 3 of 4 cells were covered" in text
    assert "not over" not in text


async def test_a_window_that_goes_on_past_the_days_end_is_waited_for(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    clock.set("2026-01-14T05:00:00Z")
    night = {"name": "night", "start": "22:00", "end": "07:00"}
    await admin.put("/plans/late", json={**PLAN, "windows": [*WINDOWS, night]})
    clock.set("2026-01-16T06:30:00Z")
    text = words((await asked(admin)).text)
    assert "On Wednesday 14 January 2026, 1 of 12 cells was covered" in text
    assert "so far 3 of 12 cells were covered, and the windows of 4 cells were still to" in text
    clock.set("2026-01-16T07:00:00Z")
    assert "Yesterday, Thursday 15 January 2026, 3 of 12" in words((await asked(admin)).text)


async def test_controls_of_a_trial_are_nobodys_task(admin: httpx.AsyncClient, clock: Clock) -> None:
    clock.set("2026-01-14T05:00:00Z")
    listed = [
        {"hotspot": f"HS{n}", "day": f"2026-01-{day}", "treatment": (n + day) % 2 == 0}
        for n in range(4)
        for day in (14, 15, 16)
    ]
    trial = {**PLAN, "last_day": "2026-01-16", "trial": {"days": listed}}
    assert (await admin.put("/plans/trial", json=trial)).is_success
    clock.set("2026-01-16T14:30:00Z")
    page = (await asked(admin, plan="trial")).text
    assert "at 2 hot spots" in page
    assert "&lt;script&gt;" in page
    assert "#include" not in page
