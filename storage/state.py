"""What a store says of itself (storage/contract.py)."""

from dataclasses import dataclass

from storage.partition_progress import PartitionStatus


@dataclass(frozen=True, slots=True)
class StoreStatus:
    engine: str
    """Such as "duckdb"."""
    spans: int
    traces: int
    pending_spans: int
    """Stored spans of generations above `analysed_generation`."""
    generation: int
    analysed_generation: int
    oldest_unix_nano: int | None
    """Smallest start time."""
    newest_unix_nano: int | None
    """Largest end time."""
    partitions: tuple[PartitionStatus, ...] = ()
    """Of the traces, each with an analyzer of its own."""


@dataclass(frozen=True, slots=True)
class StoreUsage:
    """What an engine without files has none of is 0."""

    file_bytes: int
    """Of the file that holds the spans and answers."""
    used_bytes: int
    """Of it; the rest is free for what comes, since the last checkpoint."""
    log_bytes: int
    """Of its write-ahead log."""
    checkpoints: int
    """Since the store was opened."""
    checkpoint_seconds: float
    """What they took in all."""
