"""What docs/capacity.md gives as defaults and as an example is what the command does."""

import json
import re
from pathlib import Path

import typer
from capacity_weeks import scattered
from typer.main import get_command
from typer.testing import CliRunner

from app.cli import cli
from app.cli.capacity import capacity

TEXT = (Path(__file__).parents[2] / "docs" / "capacity.md").read_text()


def test_every_default_is_the_command_s() -> None:
    alone = typer.Typer()
    alone.command()(capacity)
    real = {option.opts[0]: option.default for option in get_command(alone).params}
    told = re.findall(r"^\| `(--[a-z-]+)` \| ([\d.]+)", TEXT, re.MULTILINE)
    assert len(told) == 9
    assert {name: float(value) for name, value in told} == {name: real[name] for name, _ in told}


def test_every_option_named_is_there() -> None:
    alone = typer.Typer()
    alone.command()(capacity)
    real = {name for option in get_command(alone).params for name in option.opts}
    named = set(re.findall(r"`(--[a-z-]+)", TEXT)) - {"--shifts"}
    assert named <= real


def test_the_example_is_what_comes_of_it(tmp_path: Path) -> None:
    # Forty hexagons in a square of 3 km, as the text says.
    file = tmp_path / "suggested.geojson"
    file.write_text(json.dumps(scattered(40, 3000.0, seed=3)))
    command = re.search(r"^beatkeeper (capacity .*) suggested.geojson (.*)$", TEXT, re.MULTILINE)
    assert command is not None
    before, after = command.groups()
    result = CliRunner().invoke(cli, [*before.split(), str(file), *after.split()])
    [said] = re.findall(r"^With 8 officers.*?range\.$", TEXT, re.MULTILINE | re.DOTALL)
    assert " ".join(said.split()) in " ".join(result.stdout.split())
