"""`make accuracy`: the study, and with it the tables and plots of docs/accuracy.md."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from accuracy.document import fill
from accuracy.plots import plots
from accuracy.real import Seen, observe
from accuracy.study import Results, run_study
from accuracy.tables import tables

DOCS = Path(__file__).parents[2] / "docs"
QUICK = 30


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the study and writes it down."""
    parser = argparse.ArgumentParser(prog="make accuracy", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder with tracks/phones.csv and truth/: real phones, marked"
    )
    parser.add_argument("--docs", type=Path, default=DOCS, help="where accuracy.md is")
    parser.add_argument("--quick", action="store_true", help="few patrols, with --docs elsewhere")
    asked = parser.parse_args(arguments)
    if asked.quick and asked.docs == DOCS:
        parser.error("--quick is not for the document itself: name another folder with --docs")
    results = run_study(QUICK, QUICK) if asked.quick else run_study()
    file = asked.docs / "accuracy" / "figures.json"
    results["real"] = _real(asked.data, file)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    write(results, asked.docs)


def write(results: Results, docs: Path) -> None:
    """Write tables and plots into the folder of documents."""
    document = docs / "accuracy.md"
    document.write_text(fill(document.read_text(), tables(results)))
    plots(results, docs / "accuracy")


def _real(data: Path | None, file: Path) -> list[Seen]:
    """What the marked phones show; as it was last time where they are not at hand."""
    if data is not None and (data / "truth").is_dir():
        return observe(data)
    print("No folder of real tracks (--data): their figures stay as they are.")
    if not file.exists():
        return []
    before: Results = json.loads(file.read_text())
    return before["real"]


if __name__ == "__main__":
    main()
