"""How the demonstration shows what a service reported of a shift beside what was true."""

from rich import box
from rich.table import Table

from simulator.score import Agreement, Score

HEADINGS = (
    "device",
    "visits",
    "missed",
    "invented",
    "silent",
    "split",
    "bias s",
    "RMS s",
    "bounds",
    "sure",
    "wrong",
)


def table(score: Score) -> Table:
    """The agreement of reported with true visits, a line for each kind of device and for all."""
    shown = Table(
        title="Measured against the truth",
        title_justify="left",
        box=box.SIMPLE,
        padding=0,
    )
    for heading in HEADINGS:
        shown.add_column(heading, justify="left" if heading == HEADINGS[0] else "right")
    for agreement in score.kinds:
        shown.add_row(*_cells(agreement))
    shown.add_section()
    shown.add_row(*_cells(score.total))
    return shown


def _cells(found: Agreement) -> tuple[str, ...]:
    counts = (found.true, found.missed, found.invented, found.interrupted, found.divided)
    return (
        found.kind,
        *map(str, counts),
        f"{found.bias_s:+.1f}",
        f"{found.rms_s:.1f}",
        f"{found.within_bounds:.1%}",
        str(found.sure),
        str(found.wrong),
    )
