"""What the study counts, and that its document says what it found."""

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from accuracy.__main__ import main
from accuracy.document import fill
from accuracy.figures import error, figures, wilson
from accuracy.matching import match
from accuracy.plots import PLOTS, plots
from accuracy.readings import Reading, read
from accuracy.real import observe
from accuracy.rules import Ends
from accuracy.study import (
    ERRORS_M,
    INTERVALS_S,
    OTHERS,
    SEED,
    USUAL_M,
    Results,
    device,
    ground,
    told_of,
)
from accuracy.tables import tables

DOCS = Path(__file__).parents[2] / "docs"
DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
RESULTS = cast("Results", json.loads((DOCS / "accuracy" / "figures.json").read_text()))
AGAIN = "run `make accuracy` again"


def hand_made() -> Reading:
    """Four stays: one held, one too long a low, one in two halves, one that nobody saw."""
    stays = [[(0.0, 700.0)], [(0.0, 590.0)], [(0.0, 900.0)], [(0.0, 300.0)]]
    owner = np.array([0, 1, 2, 2])
    ends = Ends(np.array([10.0, 0.0, 0.0, 500.0]), np.array([700.0, 605.0, 480.0, 900.0]))
    return Reading(
        owner=owner,
        ends={"pace": ends},
        low_s=np.array([600.0, 600.0, 400.0, 300.0]),
        high_s=np.array([720.0, 640.0, 550.0, 620.0]),
        ends_seen=np.array([True, True, True, True]),
        pass_through=np.zeros(4, bool),
        true=np.array([stay for each in stays for stay in each]),
        match=match(stays, owner, ends.enter_s, ends.exit_s),
    )


def test_what_was_found_missed_divided_held_and_wrong_is_counted() -> None:
    found = figures(hand_made())
    assert (found["stays"], found["missed"], found["divided"]) == (4, 1, 1)
    assert (found["held"], found["low_over"], found["high_under"]) == (1, 1, 1)
    assert found["width_s"] == 120.0
    said = found["verdicts"]
    # Of the half that may have been ten minutes nothing is said; of the other half, too much.
    assert (said["n"], said["yes"], said["no"]) == (4, 2, 1)
    assert (said["wrong_yes"], said["wrong_no"], said["worst_s"]) == (1, 1, 300.0)
    ours = found["rules"]["pace"]
    assert (ours["n"], ours["bias"][0], ours["rms"][0]) == (2, 2.5, 12.75)
    assert (ours["enter_bias"], ours["exit_bias"]) == (5.0, 7.5)


def test_figures_of_some_patrols_leave_the_others_out() -> None:
    found = figures(hand_made(), np.array([True, False, False, False]))
    assert (found["stays"], found["held"], found["verdicts"]["wrong_yes"]) == (1, 1, 0)


def test_an_error_that_is_always_the_same_has_no_width() -> None:
    bias, rms, within = error(np.full(50, -7.0))
    assert bias == [-7.0, -7.0, -7.0]
    assert rms == within == [7.0, 7.0, 7.0]


def test_the_interval_of_a_bias_is_that_of_a_mean() -> None:
    drawn = np.random.default_rng(5).normal(3.0, 10.0, 400)
    (value, low, high), _, _ = error(drawn)
    assert high - low == pytest.approx(2 * 1.96 * 10.0 / 20.0, rel=0.15)
    assert low < value < high


def test_shares_have_their_wilson_intervals() -> None:
    assert wilson(0, 100) == pytest.approx([0.0, 0.0, 0.0370], abs=1e-4)
    assert wilson(50, 100) == pytest.approx([0.5, 0.4038, 0.5962], abs=1e-4)


def test_blocks_are_written_between_their_marks_and_nowhere_else() -> None:
    text = "One.\n<!-- figures: a -->\nold\n<!-- end -->\nTwo.\n"
    new = "One.\n<!-- figures: a -->\n\nnew\n\n<!-- end -->\nTwo.\n"
    assert fill(text, {"a": "new"}) == new
    assert fill(new, {"a": "new"}) == new
    with pytest.raises(ValueError, match="the document marks"):
        fill(text, {"a": "new", "b": "too many"})


def test_the_tables_of_the_document_are_those_of_the_figures() -> None:
    text = (DOCS / "accuracy.md").read_text()
    assert fill(text, tables(RESULTS)) == text, AGAIN


def test_the_plots_are_those_of_the_figures(tmp_path: Path) -> None:
    plots(RESULTS, tmp_path)
    for name in PLOTS:
        drawn = (tmp_path / f"{name}.svg").read_bytes()
        assert drawn == (DOCS / "accuracy" / f"{name}.svg").read_bytes(), AGAIN
        assert f"accuracy/{name}.svg" in (DOCS / "accuracy.md").read_text()


def test_the_figures_are_those_that_the_engine_gives() -> None:
    edge = figures(read(device(60, USUAL_M), ground("edge", OTHERS), SEED))
    assert edge == RESULTS["sets"]["edge/60"], AGAIN
    away = ground("elsewhere", OTHERS)
    assert told_of(read(device(15, 15), away, SEED), away) == RESULTS["beside"]["15/15"], AGAIN


@pytest.mark.skipif(not DATA.is_dir(), reason="no folder of real tracks beside this")
def test_the_figures_of_real_phones_are_those_that_the_engine_gives() -> None:
    assert observe(DATA) == RESULTS["real"], AGAIN


def test_the_command_writes_the_document_and_leaves_what_it_cannot_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "accuracy").mkdir()
    for name in ("accuracy.md", "accuracy/figures.json"):
        (tmp_path / name).write_bytes((DOCS / name).read_bytes())
    main(["--quick", "--docs", str(tmp_path)])
    assert "their figures stay as they are" in capsys.readouterr().out
    small = cast("Results", json.loads((tmp_path / "accuracy" / "figures.json").read_text()))
    text = (tmp_path / "accuracy.md").read_text()
    assert small["real"] == RESULTS["real"]
    assert small["stays"].keys() == RESULTS["stays"].keys()
    assert small["stays"] != RESULTS["stays"]
    assert all(table in text for table in tables(small).values())
    assert {path.stem for path in (tmp_path / "accuracy").glob("*.svg")} == set(PLOTS)


def test_a_quick_study_does_not_overwrite_the_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--quick"])
    assert "name another folder" in capsys.readouterr().err


def sure_and_wrong(cell: dict) -> tuple[int, int]:
    said = cell["verdicts"]
    return said["yes"] + said["no"], said["wrong_yes"] + said["wrong_no"]


def test_what_the_document_says_of_single_patrols_is_so() -> None:
    within = {
        i: RESULTS["stays"][f"{i}/{USUAL_M}"]["rules"]["pace"]["within"][0] for i in INTERVALS_S
    }
    assert max(within[5], within[15], within[30]) < 45.0  # "about half a minute"
    assert 45.0 < within[60] < 75.0  # "about a minute"
    assert RESULTS["stays"][f"300/{USUAL_M}"]["rules"]["pace"]["bias"][2] < 0.0  # "read too short"


def test_what_the_document_says_of_bounds_and_verdicts_is_so() -> None:
    for cell in RESULTS["stays"].values():
        sure, wrong = sure_and_wrong(cell)
        assert wrong <= 0.012 * sure  # "up to about one in a hundred"
        assert cell["held"] >= 0.99 * (cell["stays"] - cell["missed"])
    for interval_s in INTERVALS_S:
        sure, wrong = sure_and_wrong(RESULTS["sets"][f"edge/{interval_s}"])
        assert 0.03 < wrong / sure < 0.08  # "several times in a hundred"
    said = RESULTS["sets"]["steps out/300"]["verdicts"]
    assert 0.4 < said["wrong_yes"] / said["yes"] < 0.6  # "about half"
    assert all(cell["yes"] == 0 for cell in RESULTS["beside"].values())  # "never sure"
    assert all(RESULTS["beside"][f"{i}/{e}"]["visits"] for i in INTERVALS_S for e in ERRORS_M[2:])


def test_what_the_document_says_of_the_rules_is_so() -> None:
    def figure(interval_s: int, rule: str, what: str) -> float:
        return RESULTS["stays"][f"{interval_s}/{USUAL_M}"]["rules"][rule][what][0]

    for interval_s in (5, 15):
        errors = [figure(interval_s, r, "rms") for r in ("pace", "crossing", "midpoint", "outside")]
        assert max(errors) - min(errors) < 5.0
    assert figure(60, "crossing", "rms") == pytest.approx(figure(60, "pace", "rms"), rel=0.05)
    assert all(figure(300, rule, "bias") < 0 for rule in RESULTS["stays"]["300/6"]["rules"])
    assert figure(300, "midpoint", "bias") > figure(300, "pace", "bias")
    assert figure(300, "midpoint", "rms") > figure(300, "pace", "rms")
    for arrival in ("bicycle inside", "car inside"):
        found = RESULTS["arrivals"][f"60/{arrival}"]["rules"]
        assert -10.0 < found["pace"]["bias"][0] < -3.0  # "3 to 10 s too short"
        assert 17.5 < found["pace"]["rms"][0] < 29.5  # "18 to 29 s"
        assert -36.0 < found["crossing"]["bias"][0] < -27.0  # "27 to 36 s"
        assert 32.5 < found["crossing"]["rms"][0] < 43.5  # "33 to 43 s"
    for arrival in ("bicycle outside", "car outside"):
        found = RESULTS["arrivals"][f"60/{arrival}"]["rules"]
        assert 20.0 < found["pace"]["bias"][0] < 40.0  # "by about half a minute"
        assert found["crossing"]["rms"][0] < found["pace"]["rms"][0]
