"""The tables of docs/accuracy.md, in Markdown, from the figures alone."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from accuracy.figures import Estimate, Figures, wilson
from accuracy.matching import PATROL_S
from accuracy.patrols import ARRIVALS
from accuracy.real import MARKS_S, holds, verdict
from accuracy.rules import NAMES, Rule
from accuracy.study import (
    CIRCUMSTANCES,
    ERRORS_M,
    INTERVALS_S,
    ODD_INTERVALS_S,
    USUAL_M,
    Results,
)

SHOWN_ARRIVALS_S: Final = (15, 60, 300)


def tables(results: Results) -> dict[str, str]:
    """Each block of the document by its name."""
    return {name: block(results) for name, block in BLOCKS.items()}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _summary(results: Results) -> str:
    heads = (
        "a fix every",
        "95 % of dwells are within",
        "mean error (bias)",
        "the bounds hold the truth",
        "median width of the bounds",
        "wrong among sure verdicts",
        "the same, where the officer stepped out once",
        "uncertain verdicts",
        "patrols not seen at all",
    )
    return _table(heads, [_summary_row(results, interval_s) for interval_s in INTERVALS_S])


def _summary_row(results: Results, interval_s: int) -> list[str]:
    cell = results["stays"][f"{interval_s}/{USUAL_M}"]
    ours, said = cell["rules"]["pace"], cell["verdicts"]
    sure = said["yes"] + said["no"]
    return [
        f"{interval_s} s",
        f"{_range(ours['within'], '.0f')} s",
        f"{_range(ours['bias'], '+.0f')} s",
        _share(cell["held"], cell["stays"] - cell["missed"]),
        f"{cell['width_s'] / 60.0:.1f} min",
        _wrong(cell),
        _wrong(results["sets"][f"steps out/{interval_s}"]),
        _share(said["n"] - sure, said["n"]),
        _share(cell["missed"], cell["stays"]),
    ]


def _rules(results: Results) -> str:
    """Bias and RMS by rule and interval, at the usual error, with their intervals."""
    rows = []
    for interval_s in INTERVALS_S:
        cell = results["stays"][f"{interval_s}/{USUAL_M}"]
        for rule, name in NAMES.items():
            found = cell["rules"][rule]
            rows.append(
                [
                    f"{interval_s} s",
                    name,
                    str(found["n"]),
                    _range(found["bias"], "+.1f"),
                    _range(found["rms"], ".1f"),
                    _range(found["within"], ".0f"),
                    f"{found['enter_bias']:+.1f}",
                    f"{found['exit_bias']:+.1f}",
                ]
            )
    heads = ("a fix every", "rule", "n", "dwell: bias, s", "RMS error, s", "95 % within, s")
    return _table((*heads, "enter: bias, s", "exit: bias, s"), rows)


def _rules_everywhere(results: Results) -> str:
    """Bias and RMS of each rule in each cell, without their intervals."""
    rows = []
    for interval_s in INTERVALS_S:
        for error_m in ERRORS_M:
            cell = results["stays"][f"{interval_s}/{error_m}"]
            rules = [_brief(cell, rule) for rule in NAMES]
            rows.append([f"{interval_s} s", f"{error_m} m", *rules])
    return _table(("a fix every", "error", *NAMES.values()), rows)


def _cells(results: Results) -> str:
    rows = [
        [f"{interval_s} s", f"{error_m} m", *_bounds(results["stays"][f"{interval_s}/{error_m}"])]
        for interval_s in INTERVALS_S
        for error_m in ERRORS_M
    ]
    return _table(("a fix every", "error", *BOUNDS), rows)


def _arrivals(results: Results) -> str:
    rows = []
    for interval_s in SHOWN_ARRIVALS_S:
        for arrival in ARRIVALS:
            cell = results["arrivals"][f"{interval_s}/{arrival}"]
            ours, plain = (cell["rules"][rule] for rule in ("pace", "crossing"))
            row = [f"{interval_s} s", _came(arrival), str(ours["n"])]
            row += [_range(found[what], form) for found in (ours, plain) for what, form in BOTH]
            rows.append(row)
    heads = ("a fix every", "arrival", "n", "ours: bias, s", "ours: RMS, s")
    return _table((*heads, "plain crossing: bias, s", "plain crossing: RMS, s"), rows)


def _set(name: str) -> Callable[[Results], str]:
    def block(results: Results) -> str:
        rows = [
            [f"{interval_s} s", *_bounds(results["sets"][f"{name}/{interval_s}"])]
            for interval_s in INTERVALS_S
        ]
        return _table(("a fix every", *BOUNDS), rows)

    return block


def _circumstances(results: Results) -> str:
    rows = []
    for name in CIRCUMSTANCES:
        for interval_s in ODD_INTERVALS_S:
            cell = results["circumstances"][f"{name}/{interval_s}"]
            rows.append([name, f"{interval_s} s", _brief(cell, "pace"), *_bounds(cell)])
    return _table(("the device", "a fix every", "bias / RMS, s", *BOUNDS), rows)


def _beside(results: Results) -> str:
    rows = []
    for interval_s in INTERVALS_S:
        for error_m in ERRORS_M:
            cell = results["beside"][f"{interval_s}/{error_m}"]
            counts = [_share(cell["visits"], cell["n"]), _share(cell["long"], cell["n"])]
            row = [f"{interval_s} s", f"{error_m} m", str(cell["n"]), *counts]
            rows.append([*row, _share(cell["yes"], cell["n"])])
    heads = ("a fix every", "error", "n", "told of a visit of 2 min or more", "of 10 min or more")
    return _table((*heads, "surely of 10 min"), rows)


def _real(results: Results) -> str:
    rows = [
        [
            seen["place"] + ("" if seen["watched"] else " *"),
            f"{seen['run'].split('_')[0]} {seen['phone']}",
            _minutes(seen["marked_s"]),
            *(_minutes(seen["dwells_s"][rule]) for rule in ("pace", "midpoint", "inside")),
            f"{_minutes(seen['low_s'])} to {_minutes(seen['high_s'])}",
            verdict(seen),
        ]
        for seen in sorted(results["real"], key=lambda seen: seen["place"])
    ]
    heads = ("place", "phone", "marked, min", "ours", "midpoint", "first to last", "bounds")
    return _table((*heads, "ten minutes?"), rows)


def _real_summary(results: Results) -> str:
    """What the marks can bear out: bounds within their slack, and verdicts far enough off."""
    seen = [each for each in results["real"] if each["low_s"] is not None]
    held = sum(holds(each, 0.0) for each in seen)
    near = sum(holds(each, MARKS_S) for each in seen)
    sure = [each for each in seen if verdict(each) != "uncertain"]
    clear = [each for each in sure if abs(each["marked_s"] - PATROL_S) > MARKS_S]
    wrong = sum((verdict(each) == "yes") != (each["marked_s"] > PATROL_S) for each in clear)
    rows = [
        ["marked stays, one for each phone", str(len(results["real"]))],
        ["of these shown by a visit", str(len(seen))],
        ["the bounds hold the marked length", f"{held} of {len(seen)}"],
        ["the bounds, or three minutes from them", f"{near} of {len(seen)}"],
        ["sure verdicts", f"{len(sure)} of {len(seen)}"],
        ["sure verdicts where the mark is more than three minutes from ten", str(len(clear))],
        ["of these against the mark", str(wrong)],
    ]
    return _table(("what", "count"), rows)


def _design(results: Results) -> str:
    return (
        f"{results['patrols']} patrols in which the officer stays, each with every device and "
        f"every error; {results['others']} of each other kind; seed {results['seed']}."
    )


BOTH: Final[tuple[tuple[Literal["bias", "rms"], str], ...]] = (("bias", "+.1f"), ("rms", ".1f"))
BOUNDS: Final = (
    "true stays",
    "not seen",
    "divided or united",
    "bounds hold",
    "low too high / high too low",
    "median width, s",
    "sure yes / no",
    "of these wrong",
    "wrong of sure",
    "the worst, s off",
    "uncertain",
)
BLOCKS: Final[dict[str, Callable[[Results], str]]] = {
    "design": _design,
    "summary": _summary,
    "rules": _rules,
    "rules-everywhere": _rules_everywhere,
    "cells": _cells,
    "arrivals": _arrivals,
    "steps-out": _set("steps out"),
    "edge": _set("edge"),
    "circumstances": _circumstances,
    "beside": _beside,
    "real-summary": _real_summary,
    "real": _real,
}


def _bounds(cell: Figures) -> list[str]:
    said = cell["verdicts"]
    sure = said["yes"] + said["no"]
    return [
        str(cell["stays"]),
        str(cell["missed"]),
        str(cell["divided"]),
        _share(cell["held"], cell["stays"] - cell["missed"]),
        f"{cell['low_over']} / {cell['high_under']}",
        f"{cell['width_s']:.0f}",
        f"{said['yes']} / {said['no']}",
        f"{said['wrong_yes']} / {said['wrong_no']}",
        _wrong(cell),
        f"{said['worst_s']:.0f}",
        _share(said["n"] - sure, said["n"]),
    ]


def _wrong(cell: Figures) -> str:
    """Share of the sure verdicts that are wrong."""
    said = cell["verdicts"]
    return _share(said["wrong_yes"] + said["wrong_no"], said["yes"] + said["no"])


def _brief(cell: Figures, rule: Rule) -> str:
    found = cell["rules"][rule]
    return f"{found['bias'][0]:+.0f} / {found['rms'][0]:.0f}" if found["n"] else "none"


def _share(count: int, n: int) -> str:
    """A share in per cent and its 95 % interval."""
    if n == 0:
        return "none"
    share, low, high = (100.0 * part for part in wilson(count, n))
    return f"{share:.1f} % ({low:.1f} to {high:.1f})"


def _range(estimate: Estimate, form: str) -> str:
    if not estimate:
        return "none"
    value, low, high = (format(part, form) for part in estimate)
    return f"{value} ({low} to {high})"


def _minutes(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds / 60.0:.1f}"


def _came(arrival: str) -> str:
    mode, _, where = arrival.partition(" ")
    return "on foot" if not where else f"by {mode}, left {where}"
