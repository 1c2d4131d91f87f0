"""Where the times of a file go back: the lines earlier than the one before of the same device."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
NEVER: Final = np.iinfo(np.int64).min


@dataclass(slots=True)
class Order:
    """What is known of the order of one file's fixes, block after block."""

    first: int | None = None  # number of the first line that goes back
    count: int = 0
    _latest_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # by device

    def look(self, number: Ints, device: npt.NDArray[np.int32], time_us: Ints) -> None:
        """Take in the next fixes of the file: `number` of each line, `time_us` of its `device`."""
        if not len(device):
            return
        more = int(device.max()) + 1 - len(self._latest_us)
        self._latest_us = np.pad(self._latest_us, (0, max(0, more)), constant_values=NEVER)
        order = np.argsort(device, kind="stable")
        mine, time = device[order], time_us[order]
        begins = np.concatenate([[True], mine[1:] != mine[:-1]])
        before = np.where(begins, self._latest_us[mine], np.roll(time, 1))
        ends = np.roll(begins, -1)
        self._latest_us[mine[ends]] = time[ends]
        back = order[time < before]
        if len(back) and self.first is None:
            self.first = int(number[back].min())
        self.count += len(back)
