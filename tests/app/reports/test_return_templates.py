import socket
from pathlib import Path

import pypdfium2
import pytest
from returned import month

from app.reports.errors import TemplateError
from app.reports.return_templates import LARGEST, Template, Templates, fill, read
from app.storage.errors import NotFound

FIELDS = month('#read("/etc/passwd") $x$ *y*', plan_name="Nights")


def pdf(source: str) -> str:
    document = pypdfium2.PdfDocument(fill(Template("r.typ", source.encode()), FIELDS, 0))
    return str(document[0].get_textpage().get_text_bounded())


def test_a_typst_template_reads_its_fields_and_shows_them_as_they_are() -> None:
    text = pdf("#let r = json(bytes(sys.inputs.data))\n#r.organisations.first().name #r.settled")
    assert '#read("/etc/passwd") $x$ *y* false' in text
    assert "not known" in pdf("#json(bytes(sys.inputs.data)).total.coverage_percent")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('\n#json(bytes(sys.inputs.data)).at("hours")', 'r.typ, line 2: .*key "hours"'),
        ('#read("/etc/passwd")', "r.typ, line 1: file not found"),
        ('#read("../../../etc/passwd")', "r.typ, line 1: path .* escape"),
    ],
)
def test_a_typst_template_reads_nothing_else(source: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        pdf(source)


@pytest.mark.parametrize(
    "source",
    [
        '#import "@preview/x:1.0.0": y',
        '#import "\\u{40}preview/x:1.0.0"',
        '#include ("@" + "preview/x:1.0.0")',
        '#let at = str.from-unicode(64)\n#{ import (at + "preview/x:1.0.0") }',
        '#eval("impo" + "rt \\"@preview/x:1.0.0\\"")',
        '#dictionary(std).at("ev" + "al")("impo" + "rt \\"@preview/x:1.0.0\\"")',
    ],
)
def test_a_typst_template_fetches_nothing(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(TemplateError, match=r"r\.typ, line \d: there are no packages here"):
            pdf(source)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_forces_own_templates_go_before_those_shipped(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("{{ plan_name }}")
    (tmp_path / "monthly_return.csv").write_text("ours")
    (tmp_path / "notes.docx").write_text("")
    (tmp_path / "folder.csv").mkdir()
    found = Templates(tmp_path)
    assert "own.txt" in found.names()
    assert not {"notes.docx", "folder.csv"} & set(found.names())
    assert fill(found.find("own.txt"), FIELDS, 0) == b"Nights"
    assert found.find("monthly_return.csv").data == b"ours"
    assert found.find("monthly_return.typ").makes == ".pdf"


@pytest.mark.parametrize(
    "name", ["../secret.txt", "/etc/passwd", "..", "own.txt/../x.txt", "x.txt"]
)
def test_only_what_is_listed_is_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("x")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "own.txt").write_text("x")
    with pytest.raises(NotFound, match=r"there are monthly_return\.csv, .*, own\.txt"):
        Templates(folder).find(name)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("r.docx", b"", "a template is of .csv"),
        ("r.txt", b"x" * (LARGEST + 1), "larger than 1 MiB"),
        ("r.txt", b"\n\xff", "r.txt, line 2: it is not UTF-8"),
    ],
)
def test_what_is_no_template_is_refused(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TemplateError, match=told):
        fill(read(tmp_path / name), FIELDS, 0)


def test_every_template_that_is_shipped_can_be_filled() -> None:
    for name in Templates(None).names():
        assert fill(Templates(None).find(name), FIELDS, 0)
