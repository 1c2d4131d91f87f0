"""The demonstration's table of measured against true."""

from io import StringIO

from rich.console import Console

from app.cli.demo_score import table
from simulator.score import Agreement, Score

RADIO = Agreement(
    kind="radio",
    true=30,
    missed=1,
    interrupted=2,
    divided=0,
    bias_s=-4.84,
    rms_s=23.92,
    within_bounds=0.9667,
    invented=0,
    sure=44,
    wrong=0,
)
TOTAL = Agreement(
    kind="all",
    true=82,
    missed=1,
    interrupted=5,
    divided=0,
    bias_s=-1.75,
    rms_s=14.2,
    within_bounds=0.9881,
    invented=0,
    sure=164,
    wrong=3,
)


def test_each_kind_has_a_line_and_the_total_is_the_last() -> None:
    screen = Console(file=StringIO(), width=120)
    screen.print(table(Score((RADIO,), TOTAL)))
    assert isinstance(screen.file, StringIO)
    lines = [line.split() for line in screen.file.getvalue().splitlines()]
    lines = [line for line in lines if line and line[0] in {"radio", "all"}]
    assert lines == [
        ["radio", "30", "1", "0", "2", "0", "-4.8", "23.9", "96.7%", "44", "0"],
        ["all", "82", "1", "0", "5", "0", "-1.8", "14.2", "98.8%", "164", "3"],
    ]
