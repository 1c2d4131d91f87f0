"""The plots of docs/accuracy.md, as SVG that comes out the same, byte for byte, each time."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from accuracy.figures import Band, Figures, wilson
from accuracy.rules import NAMES, Rule
from accuracy.study import ERRORS_M, INTERVALS_S, Results

Look = tuple[str, str, str | tuple[int, tuple[int, ...]]]  # colour, marker, line

# Told apart by the colour-blind (Okabe and Ito 2008) and, by line and marker, in black and white.
RULE_LINES: Final[dict[Rule, Look]] = {
    "pace": ("#0072B2", "o", "-"),
    "crossing": ("#D55E00", "s", "--"),
    "midpoint": ("#009E73", "^", "-."),
    "outside": ("#E69F00", "v", ":"),
    "inside": ("#000000", "x", (0, (5, 1, 1, 1, 1, 1))),
}
ERROR_LINES: Final[dict[int, Look]] = {
    3: ("#56B4E9", "o", "-"),
    6: ("#0072B2", "s", "--"),
    10: ("#E69F00", "^", "-."),
    15: ("#D55E00", "v", ":"),
}
VERDICTS: Final = {
    "surely 10 min": ("#0072B2", ""),
    "uncertain": ("#F0E442", ""),
    "surely not": ("#D55E00", "//"),
    "not seen": ("#999999", ".."),
}
ERROR_ROWS: Final[tuple[Literal["bias", "rms"], ...]] = ("bias", "rms")
TICKS_S: Final = (10, 20, 50, 100, 200, 500)
STYLE: Final[dict[RcKeyType, object]] = {
    "svg.hashsalt": "beatkeeper",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.markersize": 4.5,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
}


def plots(results: Results, folder: Path, ending: str = "svg") -> None:
    """Write all plots into a folder."""
    for name, draw in PLOTS.items():
        with mpl.rc_context(STYLE):
            figure = draw(results)
            figure.savefig(folder / f"{name}.{ending}", metadata=METADATA.get(ending), dpi=110)


def _error(results: Results) -> Figure:
    """Bias above, RMS error below, by interval, a column for each GPS error."""
    figure = Figure(figsize=(10.0, 5.6), layout="constrained")
    rows = figure.subplots(2, len(ERRORS_M), sharex=True, sharey="row")
    for column, error_m in enumerate(ERRORS_M):
        cells = [results["stays"][f"{interval_s}/{error_m}"] for interval_s in INTERVALS_S]
        for rule, (colour, marker, line) in RULE_LINES.items():
            for row, what in enumerate(ERROR_ROWS):
                found = [cell["rules"][rule][what][0] for cell in cells]
                axes = rows[row][column]
                axes.plot(found, color=colour, marker=marker, linestyle=line, label=NAMES[rule])
        rows[0][column].set_title(f"GPS error {error_m} m")
        rows[0][column].axhline(0.0, color="#444444", linewidth=0.8)
        rows[1][column].set_yscale("log")
        rows[1][column].set_yticks(TICKS_S, [str(tick) for tick in TICKS_S])
        rows[1][column].minorticks_off()
        _intervals(rows[1][column])
    rows[0][0].set_ylabel("bias of dwell, s")
    rows[1][0].set_ylabel("RMS error of dwell, s (log)")
    handles, labels = rows[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _bounds(results: Results) -> Figure:
    """How often the bounds hold the truth, and how wide they are."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _by_error(left, results, lambda cell: (cell["held"], cell["stays"] - cell["missed"]))
    left.axhline(99.0, color="#444444", linewidth=0.8)
    left.set_ylim(97.0, 100.1)
    left.set_ylabel("stays whose bounds hold the true dwell")
    _per_cent(left)
    left.legend(loc="lower right")
    for error_m, (colour, marker, line) in ERROR_LINES.items():
        widths = [results["stays"][f"{i}/{error_m}"]["width_s"] / 60.0 for i in INTERVALS_S]
        right.plot(
            widths, color=colour, marker=marker, linestyle=line, label=f"GPS error {error_m} m"
        )
    right.set_ylabel("median width of the bounds, min")
    right.set_ylim(0.0)
    right.legend()
    _intervals(left)
    _intervals(right)
    return figure


def _verdicts(results: Results) -> Figure:
    """How many sure verdicts are wrong, for those who stay and who step out; how many are none."""
    figure = Figure(figsize=(10.0, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _by_error(left, results, _wrong)
    left.set_title("officer stays")
    left.set_ylabel("wrong among sure verdicts")
    left.set_ylim(0.0, 7.0)
    left.legend(loc="upper left")
    cells = [results["sets"][f"steps out/{i}"] for i in INTERVALS_S]
    _shares(middle, [_wrong(cell) for cell in cells], ("#000000", "D", "-"), "GPS error 6 m")
    middle.set_title("officer steps out once")
    middle.set_ylabel("wrong among sure verdicts")
    middle.set_ylim(0.0)
    middle.legend()
    _by_error(right, results, lambda cell: (_unsure(cell), cell["verdicts"]["n"]))
    right.set_title("officer stays")
    right.set_ylabel("uncertain verdicts")
    right.set_ylim(0.0, 100.0)
    right.legend()
    for axes in (left, middle, right):
        _per_cent(axes)
        _intervals(axes)
    return figure


def _calibration(results: Results) -> Figure:
    """How far off what is measured is, by the true length: the middle of it, and nine in ten."""
    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    grid = figure.subplots(2, 3, sharex=True, sharey="row")
    for axes, interval_s in zip(grid.flat, INTERVALS_S, strict=True):
        bands = [band for band in results["bands"][str(interval_s)] if band["off_s"]]
        middle = [(band["from_min"] + band["to_min"]) / 2.0 for band in bands]
        low, median, high = zip(*(band["off_s"] for band in bands), strict=True)
        axes.axhline(0.0, color="#444444", linewidth=0.8)
        axes.fill_between(middle, low, high, color="#56B4E9", alpha=0.5, label="nine in ten")
        axes.plot(middle, median, color="#0072B2", marker="o", markersize=3, label="median")
        axes.set_title(f"a fix every {interval_s} s")
    for axes in grid[1]:
        axes.set_xlabel("true dwell, min")
    for axes in grid[:, 0]:
        axes.set_ylabel("measured minus true, s")
    grid[0][0].legend(loc="upper left")
    return figure


def _lengths(results: Results) -> Figure:
    """What is said of ten minutes, by how long the officer truly stayed."""
    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    grid = figure.subplots(2, 3, sharex=True, sharey=True)
    for axes, interval_s in zip(grid.flat, INTERVALS_S, strict=True):
        bands = [band for band in results["bands"][str(interval_s)] if band["n"]]
        shares = [_verdict_shares(band) for band in (*bands, bands[-1])]  # the last one's far side
        edges = range(len(shares))
        axes.stackplot(
            edges,
            *zip(*shares, strict=True),
            step="post",
            colors=[colour for colour, _ in VERDICTS.values()],
            hatch=[hatch for _, hatch in VERDICTS.values()],
            edgecolor="white",
            linewidth=0.0,
            labels=list(VERDICTS),
        )
        ends = [*(band["from_min"] for band in bands), bands[-1]["to_min"]]
        axes.axvline(ends.index(10), color="#000000", linewidth=1.4)
        axes.set_xticks(
            list(edges), [f"{end:g}" if end == int(end) else "" for end in ends], fontsize=7
        )
        axes.margins(0.0)
        axes.set_title(f"a fix every {interval_s} s")
        axes.grid(visible=False)
    for axes in grid[1]:
        axes.set_xlabel("true dwell, from and to, min")
    for axes in grid[:, 0]:
        axes.set_ylabel("share of stays")
        _per_cent(axes)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _verdict_shares(band: Band) -> tuple[float, ...]:
    """Per cent of a band's stays, in the order of VERDICTS."""
    unsure = band["n"] - band["yes"] - band["no"] - band["missed"]
    counts = (band["yes"], unsure, band["no"], band["missed"])
    return tuple(100.0 * count / band["n"] for count in counts)


PLOTS: Final[dict[str, Callable[[Results], Figure]]] = {
    "error": _error,
    "bounds": _bounds,
    "verdicts": _verdicts,
    "calibration": _calibration,
    "lengths": _lengths,
}
METADATA: Final[dict[str, dict[str, str | None]]] = {"svg": {"Date": None, "Creator": None}}


def _by_error(axes: Axes, results: Results, counts: Callable[[Figures], tuple[int, int]]) -> None:
    """A line for each GPS error, of shares by interval."""
    for number, (error_m, look) in enumerate(ERROR_LINES.items()):
        cells = [results["stays"][f"{i}/{error_m}"] for i in INTERVALS_S]
        shares = [counts(cell) for cell in cells]
        _shares(axes, shares, look, f"GPS error {error_m} m", 0.12 * (number - 1.5))


def _shares(
    axes: Axes,
    counts: list[tuple[int, int]],
    look: Look,
    label: str,
    aside: float = 0.0,
) -> None:
    """Shares in per cent with their 95 % intervals; none where there is nothing to share.

    `aside` moves them a little, so that intervals do not hide each other.
    """
    known = [(i, wilson(*pair)) for i, pair in enumerate(counts) if pair[1]]
    share = [100.0 * each[0] for _, each in known]
    below = [100.0 * (each[0] - each[1]) for _, each in known]
    above = [100.0 * (each[2] - each[0]) for _, each in known]
    colour, marker, line = look
    axes.errorbar(
        [i + aside for i, _ in known],
        share,
        yerr=[[max(0.0, b) for b in below], [max(0.0, a) for a in above]],
        color=colour,
        marker=marker,
        linestyle=line,
        elinewidth=0.8,
        capsize=2,
        label=label,
    )


def _wrong(cell: Figures) -> tuple[int, int]:
    said = cell["verdicts"]
    return said["wrong_yes"] + said["wrong_no"], said["yes"] + said["no"]


def _unsure(cell: Figures) -> int:
    said = cell["verdicts"]
    return said["n"] - said["yes"] - said["no"]


def _per_cent(axes: Axes) -> None:
    axes.yaxis.set_major_formatter("{x:g} %")


def _intervals(axes: Axes) -> None:
    axes.set_xticks(range(len(INTERVALS_S)), [str(interval_s) for interval_s in INTERVALS_S])
    axes.set_xlabel("seconds between fixes")
