"""The figures of docs/suggest.md are those that its commands give."""

import re
from pathlib import Path

from typer.testing import CliRunner

from app.cli import cli

TEXT = (Path(__file__).parents[2] / "docs" / "suggest.md").read_text()


def run(*words: object) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr
    return " ".join(result.stdout.split())


def test_the_city_of_london_is_as_the_guide_says(
    shared_data: Path, sqlite_url: str, tmp_path: Path
) -> None:
    months = sorted((shared_data / "crime").glob("2019-*-city-of-london-street.csv"))
    year = tmp_path / "2019.csv"
    heading, rows = months[0].read_text().split("\n", 1)[0], [m.read_text() for m in months]
    year.write_text("\n".join([heading, *(month.split("\n", 1)[1] for month in rows)]))
    run("import", "crimes", year, "--database", sqlite_url)
    said = run("suggest", "--database", sqlite_url)
    [block] = re.findall(r"^```text\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert " ".join(block.split()) in said
    assert "by the place of 274 crimes" in said
    violence = run("suggest", "--category", "violence", "--top", 20, "--database", sqlite_url)
    assert "1375 crimes" in violence
    assert "The ranking is unsteady" in violence
    assert "46% of what could be gained" in violence
