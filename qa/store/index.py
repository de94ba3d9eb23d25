"""What any index is: something derived from the catalog, and replaceable by it at any time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Ids = NDArray[np.int64]
    Scores = NDArray[np.float32]


class Index(Protocol):
    """Passages by their ids. Not safe for a change while another thread searches; several may
    search at once after `settle`."""

    @property
    def suffix(self) -> str:
        """The ending of the files or folders this kind of index writes."""

    def ids(self) -> Ids:
        """The ids in the index, shape ``(n,)``, in no particular order."""

    def add(self, ids: Ids, data: Any) -> None:
        """Adds what is known of each of ``ids``, which aren't there yet."""

    def remove(self, ids: Ids) -> None:
        """Removes what is kept under these ids."""

    def settle(self) -> None:
        """Does what changes have left to the next search."""

    def write(self, path: Path) -> None:
        """Writes the index to a new file or folder."""

    def read(self, path: Path) -> None:
        """Replaces the contents by written ones. Raises any Exception if they are damaged."""
