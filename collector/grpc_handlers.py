"""What the gRPC server calls: bytes in, bytes out, failures as statuses."""

from collections.abc import Awaitable, Callable
from functools import partial

import grpc
import grpc.aio

from collector.other_signals import OTHER_SIGNALS, DroppedSignals
from collector.responses import explain

Take = Callable[[bytes], Awaitable[bytes]]


def make_handlers(
    service: str, take: Take, dropped: DroppedSignals
) -> "tuple[grpc.GenericRpcHandler[bytes, bytes], ...]":
    """The Export of the trace service and of the signals that are dropped."""
    takes = {service: take} | {
        signal.service: partial(dropped.answer, signal) for signal in OTHER_SIGNALS
    }
    return tuple(_handle_export(name, each) for name, each in takes.items())


def _handle_export(service: str, take: Take) -> "grpc.GenericRpcHandler[bytes, bytes]":
    async def export(payload: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        try:
            return await take(payload)
        except Exception as error:  # noqa: BLE001 - explain logs what it does not know
            refusal = explain(error)
        # Nothing was sent yet, so the status goes out in the headers, where some clients
        # look for it only.
        await context.abort(refusal.code, refusal.message, refusal.trailers())
        return b""  # not reached: abort raises

    methods = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    return grpc.method_handlers_generic_handler(service, methods)
