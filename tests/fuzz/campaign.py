"""A million spoilt messages for each decoder, on all cores: see `--help`.

Message `n` of a format is the same whenever the seed is, whatever came before it.
"""

import argparse
import multiprocessing as mp
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Final

from judging import LIMIT_S, judge
from mutations import spoilt
from seeds import seeds

from ingest.decoders import DECODERS

_MEMORY_BYTES: Final = 1 << 30
_STUCK_S: Final = 20 * LIMIT_S  # of processor time: a loop in C, where no Python code can run
_ROW: Final = "{:<11}{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}{:>12}{:>6}"
_HEADER: Final = (
    "decoder",
    "inputs",
    "seconds",
    "refused",
    "fixes",
    "rejected",
    "slowest ms",
    "its number",
    "MiB",
)


@dataclass(slots=True)
class Share:
    """Messages `first` to `first + count` of a format, and what became of them."""

    format: str
    seed: int
    first: int
    count: int
    tried: int = 0
    refused: int = 0
    fixes: int = 0
    rejected: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    peak_mib: int = 0
    faults: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Give the line of the table."""
        slowest = f"{self.slowest_s * 1000:.0f}"
        return _ROW.format(
            self.format,
            self.tried,
            f"{self.seconds:.0f}",
            self.refused,
            self.fixes,
            self.rejected,
            slowest,
            self.slowest,
            self.peak_mib,
        )


def message(format_: str, seed: int, number: int) -> bytes:
    """Give one message of a format."""
    return spoilt(Random(f"{seed}/{format_}/{number}"), format_, seeds(format_))


def run(share: Share, keep: Path | None = None) -> Iterator[int]:
    """Try the messages of a share, yielding the number of each before it is tried.

    One that shows a fault is written to `keep` and noted, and ends it.
    """
    decode = DECODERS[share.format]
    began = time.process_time()
    for number in range(share.first, share.first + share.count):
        yield number
        payload = message(share.format, share.seed, number)
        start = time.process_time()
        try:
            decoded = judge(decode, payload)
        except Exception as error:  # noqa: BLE001 (whatever escapes is what is looked for)
            share.faults.append(told(share, number, f"{type(error).__name__}: {error}", keep))
            break
        took = time.process_time() - start
        if took > share.slowest_s:
            share.slowest_s, share.slowest = took, number
        share.tried += 1
        share.refused += decoded is None
        if decoded is not None:
            share.fixes += len(decoded.fixes)
            share.rejected += len(decoded.rejected)
    share.seconds = time.process_time() - began


def told(share: Share, number: int, fault: str, keep: Path | None) -> str:
    """Say what is wrong with a message, where it was kept, and how to try it again."""
    again = f"--only {share.format} --seed {share.seed} --first {number} --inputs 1"
    if keep is not None:
        file = keep / f"{share.format}-{share.seed}-{number}"
        file.write_bytes(message(share.format, share.seed, number))
        again = f"{file}; again by {sys.argv[0]} {again}"
    return f"{share.format} {number}: {fault:.500}\n  {again}"


def _work(share: Share, keep: Path, at: Connection) -> None:
    """Run a share in a process of its own, telling where it is every so often and at its end."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    place = keep / f"{share.format}.at"
    with place.open("wb", buffering=0) as file:
        for number in run(share, keep):
            file.seek(0)
            file.write(b"%20d" % number)
            # Ends the process by force if no Python code runs any more.
            signal.setitimer(signal.ITIMER_VIRTUAL, _STUCK_S)
    place.unlink()
    share.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    at.send(share)


def _finished(share: Share, process: mp.Process, end: Connection, keep: Path) -> Share:
    """Give what a process found; where it was killed, or died, that is the fault."""
    try:
        found: Share = end.recv()
    except EOFError:
        process.join()
        number = int((keep / f"{share.format}.at").read_bytes())
        share.faults.append(told(share, number, f"ended the process ({process.exitcode})", keep))
        found = share
    process.join()
    end.close()
    return found


def campaign(shares: list[Share], processes: int, keep: Path) -> Iterator[Share]:
    """Run each share in a process of its own, some at a time, and yield each when it is done."""
    waiting = list(reversed(shares))
    working: dict[Connection, tuple[Share, mp.Process]] = {}
    while waiting or working:
        while waiting and len(working) < processes:
            share = waiting.pop()
            end, start = mp.Pipe(duplex=False)
            process = mp.Process(target=_work, args=(share, keep, start), daemon=True)
            process.start()
            start.close()
            working[end] = (share, process)
        ready = wait(list(working))
        for end in [end for end in working if end in ready]:
            share, process = working.pop(end)
            yield _finished(share, process, end, keep)


def main() -> int:
    """Give 0 where no decoder broke a promise."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=1_000_000, help="messages for each decoder")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--first", type=int, default=0, help="number of the first message")
    options.add_argument("--only", nargs="*", choices=DECODERS, default=list(DECODERS))
    options.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = options.parse_args()
    shares = [Share(name, chosen.seed, chosen.first, chosen.inputs) for name in chosen.only]
    keep = Path(tempfile.mkdtemp(prefix="beatkeeper-fuzz-"))
    faults: list[str] = []
    print(_ROW.format(*_HEADER), flush=True)  # noqa: T201 (what the command is for)
    for share in campaign(shares, chosen.processes, keep):
        print(share.row(), flush=True)  # noqa: T201
        faults += share.faults
    for fault in faults:
        print(fault)  # noqa: T201
    if not any(keep.iterdir()):
        keep.rmdir()
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
