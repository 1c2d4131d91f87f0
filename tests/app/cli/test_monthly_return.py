import errno
from pathlib import Path

import pypdfium2
import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from app.cli import cli
from app.reports.returns import catalogue


def run(url: str, **options: object) -> tuple[int, str]:
    options = {"plan": "late", "month": "2026-01"} | options
    given = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    result = CliRunner().invoke(cli, ["return", *given, "--database", url])
    return result.exit_code, result.stderr


def test_a_month_with_nothing_in_it_is_a_return_that_says_so(url: str, tmp_path: Path) -> None:
    assert run(url, out=tmp_path / "r.csv") == (0, "")
    assert "The plan asked for nothing on these days." in (tmp_path / "r.csv").read_text()
    assert run(url, out=tmp_path / "r.pdf") == (0, "")
    assert len(pypdfium2.PdfDocument(tmp_path / "r.pdf")) == 1


def test_a_month_is_returned_as_it_stood(url: str, tmp_path: Path) -> None:
    as_at = {"as-at": "2026-01-15T12:00:00+00:00"}
    assert run(url, out=tmp_path / "r.csv", **as_at) == (0, "")
    assert "Counted,2026-01-01,2026-01-15" in (tmp_path / "r.csv").read_text()


def test_a_return_that_cannot_be_written_leaves_the_file_that_was(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "r.csv"
    out.write_text("last month's")

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    status, said = run(url, out=out)
    assert (status, said) == (1, f"beatkeeper: cannot write {out}: No space left on device\n")
    assert [(one.name, one.read_text()) for one in tmp_path.glob("[!b]*")] == [
        ("r.csv", "last month's")
    ]


def test_a_funders_workbook_is_filled_in(url: str, tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["{{ plan_name }}", "{{ total.person_hours }}"])
    book.save(tmp_path / "theirs.xlsx")
    assert run(url, template=tmp_path / "theirs.xlsx", out=tmp_path / "r.xlsx") == (0, "")
    row = load_workbook(tmp_path / "r.xlsx").worksheets[0][1]
    assert [cell.value for cell in row] == ["Late turns", 0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"out": "r.docx"}, "there is no template for it but for .csv, .pdf"),
        ({"out": "r.csv", "month": "October"}, "month: give it as 2026-10, 1970-02 to 2199-11"),
        ({"out": "r.csv", "month": "2198-01"}, "month: 2198-01 has not begun"),
        ({"out": "r.csv", "as-at": "2026-02-01"}, "--as-at 2026-02-01: give a time with an offset"),
        ({"out": "r.csv", "as-at": "2198-02-01T12:00:00Z"}, "lies in the future"),
        ({"out": "r.csv", "plan": "x"}, "there is no plan 'x'"),
        ({"out": "r.csv", "template": "none.csv"}, "cannot read none.csv: No such file"),
        ({"out": "r.csv", "template": "FOLDER/bad.txt"}, "bad.txt makes a file that ends in .txt"),
        ({"out": "r.txt", "template": "FOLDER/bad.txt"}, "bad.txt, line 1: there is no field x"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(
    url: str, tmp_path: Path, options: dict[str, str], told: str
) -> None:
    (tmp_path / "bad.txt").write_text("{{ x }}")
    given = {name: value.replace("FOLDER", str(tmp_path)) for name, value in options.items()}
    status, said = run(url, **given)
    assert status in {1, 2}
    assert told in said
    assert said.count("\n") == 1


def test_fields_are_listed_with_a_sentence_each() -> None:
    result = CliRunner().invoke(cli, ["return", "--fields"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{name}: {about}" for name, about in catalogue()]
    assert CliRunner().invoke(cli, ["return"]).exit_code == 2
