"""Sets one document by typst: run by typesetting.py as a process of its own, on its own limits.

It takes a line of JSON (`data`, `made_s`, `root`) and then the template on standard input. It gives
the PDF, or where the template is wrong JSON (`line`, `message`), with the exit status 3.
"""

import json
import re
import resource
import sys
from typing import cast

MEMORY_BYTES = 1 << 30
CPU_S = 15
WRONG = 3
_LINE = re.compile(r"\.typ:(\d+):")


def main() -> None:
    """Reads what is to be set, sets it, and ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # After that, as its threads are to keep to it, too.
    import typst  # noqa: PLC0415

    asked, source = json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read()
    nothing = asked["root"]
    try:
        compiler = typst.Compiler(
            source,
            root=nothing,
            ignore_system_fonts=True,
            sys_inputs={"data": asked["data"]},
            package_path=nothing,
            package_cache_path=nothing,
        )
        # Of PDF there is one document, not one a page.
        made = cast("bytes", compiler.compile(format="pdf", timestamp=asked["made_s"]))
    except typst.TypstError as exc:
        found = _LINE.search(exc.diagnostic)
        said = {"line": found[1] if found else None, "message": exc.message}
        sys.stdout.write(json.dumps(said))
        sys.exit(WRONG)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
