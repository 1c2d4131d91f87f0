"""Fixes in order of time, however many there are and in whatever order they come."""

import tempfile
from collections.abc import Iterator
from io import FileIO
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ingest.trackfiles import FIX, TrackFixes

Ints: TypeAlias = npt.NDArray[np.int64]

RUN_FIXES: Final = 500_000  # sorted at once, in memory
WINDOW_FIXES: Final = 250_000
SAMPLES: Final = 250  # times noted of as many fixes as a window has


class NoRoomError(Exception):
    """The temporary file cannot be written or read; the message says why."""


class TimeOrder:
    """An external sort by time: runs of `run_fixes`, merged window by window.

    Of the fixes of one device and time it keeps one, as the dwell method has it (rule 1): the most
    accurate, then that of the least longitude, then latitude. All runs but the last are written to
    one temporary file. It has no name, so that nothing is left of it whatever ends the process.
    """

    def __init__(self, run_fixes: int = RUN_FIXES, window_fixes: int = WINDOW_FIXES) -> None:
        self.count = 0  # fixes added
        self._run_fixes = run_fixes
        self._step = max(1, window_fixes // SAMPLES)
        self._stride = max(1, window_fixes // self._step)
        self._waiting: list[TrackFixes] = []
        self._waits = 0
        self._samples: list[Ints] = []
        self._written: list[int] = []  # fixes of each run
        self._file: FileIO | None = None

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._file is not None:
            self._file.close()

    def add(self, fixes: TrackFixes) -> None:
        """Take in some fixes; NoRoomError if the temporary file has no room for them."""
        if self._waits and self._waits + len(fixes) > self._run_fixes:
            self._write(self._take_run())
        self._waiting.append(fixes)
        self._waits += len(fixes)
        self.count += len(fixes)

    def windows(self) -> Iterator[TrackFixes]:
        """Yield all fixes by window: those of one time in one, and none later than the next's.

        A window has about `window_fixes`, and more only where so many devices are of one time.
        NoRoomError if the temporary file cannot be read.
        """
        last = self._take_run()
        samples = np.sort(np.concatenate(self._samples))
        borders = np.unique(samples[self._stride :: self._stride])
        cuts = [_cuts(run, borders) for run in self._runs(last)]
        for window in range(len(borders) + 1):
            parts = [
                np.array(run[slice(*cut[window : window + 2])])
                for run, cut in zip(self._runs(last), cuts, strict=True)
            ]
            yield _in_order(np.concatenate(parts))

    def _take_run(self) -> TrackFixes:
        run = _in_order(np.concatenate([np.empty(0, FIX), *self._waiting]))
        self._waiting, self._waits = [], 0
        self._samples.append(run["time_us"][:: self._step].copy())
        return run

    def _write(self, run: TrackFixes) -> None:
        rest = run.view(np.uint8).data
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - until `close`
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as exc:
            place = f" in {tempfile.tempdir}" if tempfile.tempdir else ""
            message = f"no room for a temporary file{place}: {exc.strerror or exc}"
            raise NoRoomError(message) from exc
        self._written.append(len(run))

    def _runs(self, last: TrackFixes) -> Iterator[TrackFixes]:
        """Yield each run, the written ones mapped only as long as they are looked at."""
        if self._file is not None:
            start = 0
            for count in self._written:
                yield _mapped(self._file, start, count)
                start += count
        yield last


def _mapped(file: FileIO, start: int, count: int) -> TrackFixes:
    try:
        return np.memmap(file, FIX, "r", start * FIX.itemsize, (count,))
    except OSError as exc:
        message = f"the temporary file cannot be read: {exc.strerror or exc}"
        raise NoRoomError(message) from exc


def _in_order(fixes: TrackFixes) -> TrackFixes:
    """Return fixes by time and device, the best one of each."""
    fixes = fixes[np.lexsort((fixes["device"], fixes["time_us"]))]
    time, device = fixes["time_us"], fixes["device"]
    again = np.zeros(len(fixes), bool)
    again[1:] = (time[1:] == time[:-1]) & (device[1:] == device[:-1])
    if not again.any():
        return fixes
    at = np.flatnonzero(again | np.append(again[1:], [False]))
    tied = fixes[at]
    known = np.isfinite(tied["accuracy_m"]) & (tied["accuracy_m"] >= 0.0)
    radius = np.where(known, tied["accuracy_m"], np.inf)
    best = np.lexsort((tied["lat"], tied["lon"], radius, tied["device"], tied["time_us"]))
    fixes[at] = tied[best]
    return fixes[~again]


def _cuts(run: TrackFixes, borders: Ints) -> list[int]:
    """Return where `run` begins, where each of `borders` cuts it, and where it ends."""
    return [0, *np.searchsorted(run["time_us"], borders).tolist(), len(run)]
