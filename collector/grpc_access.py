"""The token before OTLP over gRPC."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from collector.access import Gate
from collector.responses import refuse


class TokenInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # in stubs only
    """UNAUTHENTICATED before the message is read, without the token in `authorization`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        shown = [
            value if isinstance(value, bytes) else value.encode("latin-1", "replace")
            for key, value in handler_call_details.invocation_metadata
            if key == "authorization"
        ]
        reason = self._gate.refuse(shown[0] if len(shown) == 1 else None)
        if reason is None:
            return await continuation(handler_call_details)
        return self._refusal(reason)

    def _refusal(self, reason: str) -> Any:
        refusal = refuse(grpc.StatusCode.UNAUTHENTICATED, 401, reason)

        async def abort(_: Any, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
            await self._gate.hold_back(reason)
            await context.abort(refusal.code, refusal.message, refusal.trailers())

        # Of a streaming handler gRPC does not read the message beforehand.
        return grpc.stream_stream_rpc_method_handler(abort)
