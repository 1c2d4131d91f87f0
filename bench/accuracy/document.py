"""docs/accuracy.md: prose by hand, and every figure in it written between two marks."""

import re
from collections.abc import Mapping
from typing import Final

BLOCK: Final = re.compile(r"(<!-- figures: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, blocks: Mapping[str, str]) -> str:
    """Return the document with each marked block replaced by that of its name.

    ValueError where document and blocks do not name the same.
    """
    marked = sorted(found[1] for found in BLOCK.findall(text))
    if marked != sorted(blocks):
        message = f"the document marks {marked}, and there are {sorted(blocks)}"
        raise ValueError(message)
    return BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]]}\n\n{found[3]}", text)
