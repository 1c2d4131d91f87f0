"""PDF by typst: a template with the data that it reads, which are never part of its source."""

import json
import re
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Final, cast

import typst

from app.reports.errors import TemplateError

# Packages are fetched from the internet.
_PACKAGE: Final = re.compile(rb"[\"']\s*@")
_LINE: Final = re.compile(r"\.typ:(\d+):")


def pdf(name: str, source: bytes, data: Mapping[str, object], made_us: int) -> bytes:
    """What a template makes of data, which it finds as JSON in `sys.inputs.data`.

    It reads no file, and has the fonts that typst brings. Raises TemplateError, by its `name`.
    """
    if _PACKAGE.search(source):
        msg = f"{name}: packages (@...) are not to be had here: leave them out"
        raise TemplateError(msg)
    with TemporaryDirectory() as nothing:
        try:
            compiler = typst.Compiler(
                source,
                root=nothing,
                ignore_system_fonts=True,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                package_path=nothing,
                package_cache_path=nothing,
            )
            # Of PDF there is one document, not one a page.
            return cast("bytes", compiler.compile(format="pdf", timestamp=made_us // 1_000_000))
        except typst.TypstError as exc:
            found = _LINE.search(exc.diagnostic)
            where = f", line {found[1]}" if found else ""
            msg = f"{name}{where}: {exc.message}"
            raise TemplateError(msg) from exc
