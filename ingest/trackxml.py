"""XML of any length, element by element: nothing is kept that was not asked for."""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import errors

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingest.trackkinds import BEGIN_BYTES, known_binary
from ingest.tracklines import check_kind
from ingest.tracksource import Source, TrackFileError

MOST_DEEP: Final = 100  # elements within each other
MOST_PARTS: Final = 1_000  # elements within one that is kept whole
LONGEST_PART: Final = 4 << 20  # bytes without a tag in them
# How the parser says that there should be more.
CUT_SHORT: Final = {
    errors.codes[errors.XML_ERROR_NO_ELEMENTS],
    errors.codes[errors.XML_ERROR_UNCLOSED_TOKEN],
    errors.codes[errors.XML_ERROR_PARTIAL_CHAR],
    errors.codes[errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
}


class Part(NamedTuple):
    """An element at its end, by its name and its parent's, both without their namespaces."""

    name: str
    parent: str
    element: Element


def parts(
    source: Source, kind: str, whole: Collection[str], ends: Collection[str] = ()
) -> Iterator[Part]:
    """Yield elements named in `whole`, with all that is in them, and in `ends`, without it.

    What is within one that is `whole` is not told of by itself. Raises TrackFileError where the
    file is not XML, or would take memory without end; document types are refused, as only attacks
    have them. `kind` is what the file should be.
    """
    file = _Watched(source)
    check_kind(source, known_binary(source.file.peek(BEGIN_BYTES)))
    try:
        for part in _told(iterparse(file, events=("start", "end"), forbid_dtd=True), whole, ends):
            file.unmarked, file.begun = 0, True
            if part is not None:
                yield part
    except TrackFileError:
        raise
    except OSError as exc:
        message = f"{source.path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    except DefusedXmlException as exc:
        message = f"{source.path} is not {kind}: it has a document type, which is not read"
        raise TrackFileError(message) from exc
    except (ParseError, LookupError, ValueError) as exc:  # the latter two: of its encoding
        wrong = f"is not {kind}: {exc}"
        if file.begun and isinstance(exc, ParseError) and exc.code in CUT_SHORT:
            wrong = f"breaks off in line {exc.position[0]}"
        message = f"{source.path} {wrong}"
        raise TrackFileError(message) from exc


def texts(element: Element) -> dict[str, str]:
    """Give the text of each element in one, by its name; of several of a name the first."""
    found: dict[str, str] = {}
    for inner in element.iter():
        if inner.text:
            found.setdefault(_name(inner), inner.text.strip())
    return found


def _told(
    events: Iterator[tuple[str, Element]], whole: Collection[str], ends: Collection[str]
) -> Iterator[Part | None]:
    """Yield what `parts` does, and None for each other event."""
    open_: list[tuple[str, Element]] = []
    kept, count = 0, 0  # how deep within an element that is kept, and how many parts it has
    for event, element in events:
        if event == "start":
            open_.append((_name(element), element))
            if kept or open_[-1][0] in whole:
                kept, count = kept + 1, count + 1
            if len(open_) > MOST_DEEP or count > MOST_PARTS:
                message = "its elements are nested too deeply, or one has too many in it"
                raise ValueError(message)
            yield None
            continue
        name, _ = open_.pop()
        parent, holder = open_[-1] if open_ else ("", None)
        if kept > 1:
            kept -= 1
            yield None
            continue
        yield Part(name, parent, element) if kept or name in ends else None
        kept, count = 0, 0
        if holder is not None:
            holder.remove(element)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Watched:
    """A source's file for the parser, which would keep a text or comment of any length whole."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.unmarked = 0  # bytes since the last tag
        self.begun = False  # there was a tag

    def read(self, size: int) -> bytes:
        """Read on. Raises ValueError where there was no tag for too long."""
        content = self._source.file.read(size)
        self.unmarked += len(content)
        if self.unmarked > LONGEST_PART:
            message = f"more than {LONGEST_PART >> 20} MiB of it are without a tag"
            raise ValueError(message)
        return content
