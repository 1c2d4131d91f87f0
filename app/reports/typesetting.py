"""PDF by typst: a template with the data that it reads, which are never part of its source."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.reports.errors import TemplateError
from app.reports.typesetter import WRONG

# Packages are fetched from the internet, which the compiler cannot be told not to do. They come by
# these words alone; what stands behind one can be put together in ways without number.
_FETCHING: Final = re.compile(rb"\b(import|include|eval|std)\b")
# A template may go round for ever or fill all memory, and typst cannot be told to stop: it runs in
# a process that ends by itself, and never in the one that takes in fixes.
_SETTER: Final = (sys.executable, "-I", str(Path(__file__).with_name("typesetter.py")))
LONGEST_S: Final = 20.0


def pdf(name: str, source: bytes, data: Mapping[str, object], made_us: int) -> bytes:
    """What a template makes of data, which it finds as JSON in `sys.inputs.data`.

    It reads no file, and has the fonts that typst brings. Takes a second or so, and at most
    `LONGEST_S` and 1 GiB in a process of its own. Raises TemplateError, by its `name`.
    """
    fetching = _FETCHING.search(source)
    if fetching:
        line = source[: fetching.start()].count(b"\n") + 1
        msg = f"{name}, line {line}: there are no packages here: leave out {fetching[1].decode()}"
        raise TemplateError(msg)
    with TemporaryDirectory(prefix="beatkeeper-") as nothing:
        asked = {"data": json.dumps(data), "made_s": made_us // 1_000_000, "root": nothing}
        try:
            done = subprocess.run(  # noqa: S603 -- our own file, by our own interpreter
                _SETTER,
                input=json.dumps(asked).encode() + b"\n" + source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise TemplateError(_too_much(name)) from exc
    if done.returncode == 0:
        return done.stdout
    raise TemplateError(_told(name, done.stdout) if done.returncode == WRONG else _too_much(name))


def _told(name: str, said: bytes) -> str:
    wrong = json.loads(said)
    where = "" if wrong["line"] is None else f", line {wrong['line']}"
    return f"{name}{where}: {wrong['message']}"


def _too_much(name: str) -> str:
    return f"{name}: it takes more time or memory than a document may: does a loop never end?"
