"""Values that wait on disk, in order, so that memory stays flat however many tarballs there are."""

import pickle
import tempfile
import weakref
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")
KEPT_IN_MEMORY_BYTES = 1 << 20


class Spool(Generic[Value]):
    """A list that is only appended to; its file goes with its last reference."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._length = self._end = 0

    def __len__(self) -> int:
        return self._length

    def append(self, value: Value) -> None:
        """Add a value."""
        self._file.seek(self._end)
        pickle.dump(value, self._file, pickle.HIGHEST_PROTOCOL)
        self._end = self._file.tell()
        self._length += 1

    def __iter__(self) -> Iterator[Value]:
        """Yield the values; several readers in one thread may take turns."""
        position = 0
        for _ in range(self._length):
            self._file.seek(position)
            # These bytes never left this process's own unlinked file.
            value = pickle.load(self._file)  # noqa: S301
            position = self._file.tell()
            yield value
