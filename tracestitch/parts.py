"""The parts of a running server: each starts here and is stopped by the stack it was put on,
the last one first.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from collector.attribute_filter import Filter
from collector.http_access import HttpGuard
from collector.http_cors import CrossOrigin
from collector.http_receiver import http_app
from collector.keeping import Keeper
from collector.receiving import Receiver
from storage.contract import SpanStore
from storage.partition import Partition
from tracestitch.analysis import AnalysisLoop
from tracestitch.config import Address
from tracestitch.counting import Counting
from tracestitch.listeners import Listeners
from tracestitch.retention import RetentionLoop
from tracestitch.security import Security


def start_analysis(stack: AsyncExitStack, store: SpanStore, partition: Partition) -> AnalysisLoop:
    analysis = AnalysisLoop(store, partition)
    analysis.start()
    stack.push_async_callback(asyncio.to_thread, analysis.stop)
    return analysis


def start_receiver(
    stack: AsyncExitStack, keeper: Keeper, on_commit: Callable[[], None], edit: Filter | None
) -> Receiver:
    receiver = Receiver(keeper, on_commit=on_commit, edit=edit)
    receiver.start()
    stack.push_async_callback(asyncio.to_thread, receiver.stop)
    stack.push_async_callback(receiver.drain)
    return receiver


def start_retention(
    stack: AsyncExitStack,
    store: SpanStore,
    analysis: AnalysisLoop,
    keeper: Keeper | None,
    *,
    max_age_seconds: int,
    max_bytes: int,
) -> RetentionLoop:
    """A keeper's log beside the store counts as part of it."""

    def waiting_bytes() -> int:
        return keeper.journal.nbytes if keeper is not None and keeper.journal.durable else 0

    retention = RetentionLoop(
        store,
        analysis,
        max_age_seconds=max_age_seconds,
        max_bytes=max_bytes,
        waiting_bytes=waiting_bytes,
    )
    retention.start()
    stack.push_async_callback(asyncio.to_thread, retention.stop)
    return retention


async def listen_for_otlp(
    listeners: Listeners,
    receiver: Receiver,
    counting: Counting,
    security: Security,
    *,
    grpc_address: Address,
    http_address: Address,
    cors_origins: tuple[str, ...],
) -> tuple[Address, Address]:
    """Where gRPC and HTTP listen, with their real ports. Raises ClickException."""
    grpc = await listeners.add_grpc(
        "--grpc-address",
        grpc_address,
        counting.count_requests("grpc", receiver.export),
        dropped=counting.dropped,
        **security.for_grpc(),
    )
    guarded = HttpGuard(
        http_app(counting.count_requests("http", receiver.export), dropped=counting.dropped),
        security.gate,
        security.hosts(http_address),
    )
    http = await listeners.add_http(
        "OTLP/HTTP",
        "--http-address",
        http_address,
        counting.count_answers(CrossOrigin(guarded, cors_origins)),
        security.otlp_context(),
    )
    return grpc, http
