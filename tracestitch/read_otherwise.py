"""Whether attributes of stored spans were read with other settings than are in force."""

from storage.contract import SpanStore


class ReadOtherwise:
    """Asked for each status, by any thread; a store that answers no for good is not asked
    again."""

    def __init__(self, store: SpanStore, *, is_shared: bool) -> None:
        """Of a shared store another process may note settings at any time. In any other
        only the start does, and what comes later is read by them."""
        self._store, self._is_shared = store, is_shared
        self._never = False

    def __call__(self) -> bool:
        """Also of a process that takes no spans in: by what the last one to do so noted.
        Raises StoreError."""
        if self._never:
            return False
        read_by = self._store.settings_of_spans()
        otherwise = read_by not in ([], [self._store.settings_in_force()])
        self._never = not otherwise and not self._is_shared
        return otherwise

    def describe(self) -> str:
        """What to do about it."""
        remedy = (
            "they stay as they were read until they are deleted"
            if self._is_shared
            else "`tracestitch reanalyze` reads them anew"
        )
        return (
            "Spans in the store were read with other correlation keys or by another version;"
            f" {remedy}."
        )
