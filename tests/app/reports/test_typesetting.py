"""PDF by typst, whatever the template does."""

from pathlib import Path

import pypdfium2
import pytest

from app.reports.errors import TemplateError
from app.reports.typesetting import pdf

MADE_US = 1_700_000_000_000_000


def test_a_template_has_the_data_that_it_is_given() -> None:
    made = pdf("a.typ", b"#json(bytes(sys.inputs.data)).name", {"name": "Łódź #foo"}, MADE_US)
    assert "Łódź #foo" in pypdfium2.PdfDocument(made)[0].get_textpage().get_text_range()


@pytest.mark.parametrize(
    "endless",
    [
        b"#for x in range(1000000000) [x#pagebreak()]",
        b"#let x = range(100000000).map(i => str(i) * 100)",
    ],
)
def test_one_that_takes_all_there_is_ends_in_a_sentence_and_leaves_nothing(
    endless: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(TemplateError, match=r"^a\.typ: it takes more time or memory than a"):
        pdf("a.typ", endless, {}, MADE_US)
    assert list(tmp_path.iterdir()) == []


def test_one_that_goes_round_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.typesetting.LONGEST_S", 1.0)
    with pytest.raises(TemplateError, match="does a loop never end"):
        pdf(
            "a.typ",
            b"#for x in range(3000) { for y in range(3000) { let z = calc.sin(x * y) } }",
            {},
            0,
        )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"fine\n#nothing", "a.typ, line 2: unknown variable: nothing"),
        (b'#read("/etc/passwd")', "a.typ, line 1: file not found"),
        (b'\n#import "@preview/cetz:0.2.2"', "a.typ, line 2: there are no packages here"),
    ],
)
def test_what_is_wrong_with_one_is_told_by_its_line(source: bytes, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        pdf("a.typ", source, {}, MADE_US)
