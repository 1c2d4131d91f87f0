"""The commands of `beatkeeper`, imported when they are wanted."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app import __version__
from app.cli import cli
from app.cli.loading import PLACES


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_help_lists_all_commands() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).stdout
    assert len(PLACES) > 15
    assert all(f" {name} " in shown for name in PLACES)


@pytest.mark.parametrize("name", PLACES)
def test_each_command_has_a_help_of_its_own(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f" {name} " in result.stdout


def test_a_mistyped_command_is_told_with_the_nearest() -> None:
    result = CliRunner().invoke(cli, ["dwel"])
    assert result.exit_code == 2
    assert "Did you mean 'dwell'?" in result.stderr


@pytest.mark.parametrize("argument", ["--version", "dwel", "--nothing"])
def test_what_needs_no_command_imports_none(argument: str) -> None:
    done = python(
        "import sys\n"
        "from app.__main__ import main\n"
        f"sys.argv[1:] = [{argument!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted({'fastapi', 'numba', 'numpy', 'polars'} & set(sys.modules)))\n"
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert argument != "--version" or done.stdout.splitlines()[0] == __version__


@pytest.mark.parametrize("module", ["typer", "polars"])
def test_stopped_while_it_is_still_being_imported_it_ends_without_a_word(module: str) -> None:
    done = python(
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped())\n"
        "from app.__main__ import main\n"
        "sys.argv[1:] = ['dwell', '--help']\n"
        "main()\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
