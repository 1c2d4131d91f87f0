from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from app.cli import cli


def run(url: str, out: Path, **more: str) -> tuple[int, str]:
    options = {"plan": "late", "at": "2026-01-15T14:30:00Z", "out": str(out)} | more
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    result = CliRunner().invoke(cli, ["briefing", *given, "--database", url])
    return result.exit_code, result.stderr


def test_a_briefing_is_written_as_page_and_as_pdf(url: str, tmp_path: Path) -> None:
    assert run(url, tmp_path / "b.html") == (0, "")
    assert "Shift briefing: Late turns" in (tmp_path / "b.html").read_text()
    assert run(url, tmp_path / "b.PDF") == (0, "")
    assert len(pypdfium2.PdfDocument(tmp_path / "b.PDF")) == 1


@pytest.mark.parametrize(
    ("out", "more", "told"),
    [
        ("b.docx", {}, "a briefing is written as .html or .pdf"),
        ("b.pdf", {"plan": "x"}, "beatkeeper: there is no plan 'x'"),
        ("b.pdf", {"team": "x"}, "beatkeeper: team: there is no team 'x'"),
        ("b.pdf", {"at": "today"}, "--at today: give a time with an offset"),
        ("none/b.html", {}, "No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(
    url: str, tmp_path: Path, out: str, more: dict[str, str], told: str
) -> None:
    status, said = run(url, tmp_path / out, **more)
    assert status in {1, 2}
    assert told in said
    assert said.count("\n") == 1
