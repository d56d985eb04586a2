"""Values that wait on disk, in order, so that memory stays flat however many tarballs there are."""

import pickle
import tempfile
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")
KEPT_IN_MEMORY_BYTES = 1 << 20


class Spool(Generic[Value]):
    """A list that is only appended to and read from its beginning; gone with its last reference."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY_BYTES)  # noqa: SIM115
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, value: Value) -> None:
        """Add a value."""
        pickle.dump(value, self._file, pickle.HIGHEST_PROTOCOL)
        self._length += 1

    def __iter__(self) -> Iterator[Value]:
        """Yield the values; one reader at a time, and nothing is added meanwhile."""
        self._file.seek(0)
        for _ in range(self._length):
            # These bytes never left this process's own unlinked file.
            yield pickle.load(self._file)  # noqa: S301
