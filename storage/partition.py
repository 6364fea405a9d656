"""Which of several analyzers answers for what of a store (storage/partition_progress.py)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """The traces that one of several analyzers answers for."""

    number: int = 1
    """From 1 on."""
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def is_whole(self) -> bool:
        return self.of == 1

    @property
    def leads(self) -> bool:
        """Whether it also does what one has to do for all: deleting and forgetting."""
        return self.number == 1

    def name(self, what: str) -> str:
        """What the state calls this of the partition."""
        return what if self.is_whole else f"{what} {self}"


WHOLE = Partition()


def parts_of(count: int) -> list[Partition]:
    """Those that make up a whole."""
    return [Partition(number, count) for number in range(1, count + 1)]
