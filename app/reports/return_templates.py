"""Templates of a monthly return, by name: those shipped, and the force's own in a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from app.reports import return_workbook, typesetting
from app.reports.errors import TemplateError
from app.reports.return_language import render, shown
from app.reports.returns import Fields
from app.storage.errors import NotFound

LARGEST: Final = 1 << 20  # bytes
_SHIPPED: Final = files("app.reports") / "templates" / "returns"
# Which kinds of file there are, what each makes, and of which media type that is.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    ".csv": (".csv", "text/csv; charset=utf-8"),
    ".txt": (".txt", "text/plain; charset=utf-8"),
    ".md": (".md", "text/markdown; charset=utf-8"),
    ".html": (".html", "text/html; charset=utf-8"),
    ".typ": (".pdf", "application/pdf"),
    ".xlsx": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template's file name and what is in it. Raises TemplateError for no kind of KINDS."""

    name: str
    data: bytes

    def __post_init__(self) -> None:
        if self.suffix not in KINDS:
            msg = f"{self.name}: a template is of {', '.join(KINDS)}"
            raise TemplateError(msg)
        if len(self.data) > LARGEST:
            msg = f"{self.name}: it is larger than {LARGEST >> 20} MiB"
            raise TemplateError(msg)

    @property
    def suffix(self) -> str:
        """How its name ends, in lower case."""
        return Path(self.name).suffix.lower()

    @property
    def makes(self) -> str:
        """How the name of what it makes ends."""
        return KINDS[self.suffix][0]

    @property
    def media_type(self) -> str:
        """Of what it makes."""
        return KINDS[self.suffix][1]


@dataclass(frozen=True, slots=True)
class Templates:
    """Those shipped, and those of a folder (None: there is none), which go before them."""

    folder: Path | None

    def names(self) -> list[str]:
        """Of all that there are."""
        own = [] if self.folder is None or not self.folder.is_dir() else self.folder.iterdir()
        shipped = [one.name for one in _SHIPPED.iterdir()]
        found = {one.name for one in own if one.is_file()} | set(shipped)
        return sorted(name for name in found if Path(name).suffix.lower() in KINDS)

    def find(self, name: str) -> Template:
        """The template of a name. Raises NotFound, which names those that there are."""
        there = self.names()
        # Only what is listed is opened: a name is no path.
        if name not in there:
            msg = f"there is no template {name!r}; there are {', '.join(there)}"
            raise NotFound(msg)
        own = None if self.folder is None else self.folder / name
        if own is not None and own.is_file():
            return read(own)
        return Template(name, (_SHIPPED / name).read_bytes())


def read(path: Path) -> Template:
    """The template in a file. Raises TemplateError."""
    try:
        with path.open("rb") as file:
            return Template(path.name, file.read(LARGEST + 1))
    except OSError as exc:
        msg = f"cannot read {path}: {exc.strerror}"
        raise TemplateError(msg) from exc


def fill(template: Template, fields: Fields, made_us: int) -> bytes:
    """What a template makes of fields. Raises TemplateError."""
    match template.suffix:
        case ".xlsx":
            return return_workbook.fill(template.name, template.data, fields)
        case ".typ":
            return typesetting.pdf(template.name, template.data, _printable(fields), made_us)
        case suffix:
            return render(template.name, _text(template), fields, suffix).encode()


def _text(template: Template) -> str:
    try:
        return template.data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = template.data[: exc.start].count(b"\n") + 1
        msg = f"{template.name}, line {line}: it is not UTF-8"
        raise TemplateError(msg) from exc


def _printable(fields: Fields) -> Mapping[str, object]:
    """As JSON can hold them; what is not known says so, as typst would print nothing."""
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    match value:
        case bool():
            return value
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case _:
            return shown(value)
