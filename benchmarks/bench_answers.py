"""How long every answer of the JSON API takes on a store of orders in DuckDB.

    python -m benchmarks.bench_answers [SPANS]

Each order runs through four services and traces of ten spans; one in fifty loses its
context at the first queue. Prints the median and the slowest of several requests in
milliseconds, the whole way from the request to its text.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time

import httpx

from storage.contract import SpanStore
from storage.engines import open_store
from tests.contract import rows
from tests.contract.rows import Row
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

SERVICES = ["order-service", "payment-service", "inventory-service", "warehouse-service"]
SPANS_IN_TRACE = 10
START = 1_760_000_000_000_000_000
RUNS = 15


class Orders:
    """Rows of orders, one after the other."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {
            name: [] for name in ("spans", "links", "messaging", "correlation")
        }

    def add(self, order: int) -> None:
        send: Row | None = None
        for hop in range(len(SERVICES)):
            trace, first = order * 10 + hop, (order * 10 + hop) * 100
            root = self._span(trace, first, hop, order, None)
            if send is not None:
                self._deliver(root, send, f"{order:032d}-{hop}", linked=hop > 1 or order % 50 != 0)
            for number in range(1, SPANS_IN_TRACE - 1):
                self._span(trace, first + number, hop, order, first)
            send = self._span(trace, first + SPANS_IN_TRACE - 1, hop, order, first, kind=4)
            self._message(send, hop + 1, f"{order:032d}-{hop + 1}", "send")
            if hop == 0:
                self.tables["correlation"].append(rows.correlated(root, f"ORD-{order}"))

    def _span(
        self, trace: int, span_id: int, hop: int, order: int, parent: int | None, kind: int = 1
    ) -> Row:
        start = START + order * 1_000_000 + hop * 100_000 + span_id % 100
        row = rows.span(
            trace,
            span_id + 1,
            kind=5 if parent is None and hop else kind,
            parent_span_id=None if parent is None else parent + 1,
            resource_id=hop,
            name="order.publish" if kind == 4 else ("order.process" if parent is None else "work"),
            start_time_unix_nano=start,
            end_time_unix_nano=start + 1_000,
            attributes=json.dumps({"order.number": order, "http.route": "/orders/{id}", "n": hop}),
        )
        self.tables["spans"].append(row)
        return row

    def _message(self, span: Row, queue: int, message: str, operation: str) -> None:
        self.tables["messaging"].append(
            rows.message(
                span,
                system="aws_sqs",
                destination_name=f"queue-{queue}",
                operation_type=operation,
                message_id=message,
                alternatives="{}",
            )
        )

    def _deliver(self, process: Row, send: Row, message: str, *, linked: bool) -> None:
        self._message(process, int(message.rpartition("-")[2]), message, "process")
        if linked:
            self.tables["links"].append(rows.link(process, send["trace_lo"], send["span_id"]))


def fill(store: SpanStore, spans: int) -> None:
    for first in range(0, spans // (SPANS_IN_TRACE * len(SERVICES)), 500):
        orders = Orders()
        for order in range(first, min(first + 500, spans // (SPANS_IN_TRACE * len(SERVICES)))):
            orders.add(order)
        resources = [rows.resource(number, name) for number, name in enumerate(SERVICES)]
        store.append(rows.make_batch(**orders.tables, resources=resources), START)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


async def measure(store: SpanStore, paths: list[str]) -> None:
    transport = httpx.ASGITransport(create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
        for path in paths:
            times = []
            for _ in range(RUNS):
                begun = time.perf_counter()
                response = await client.get(path)
                times.append((time.perf_counter() - begun) * 1000)
            response.raise_for_status()
            size = len(response.content) // 1024
            print(f"{statistics.median(times):8.1f} {max(times):8.1f} ms {size:6d} KiB  {path}")


def main() -> None:
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"duckdb:{directory}")
        begun = time.perf_counter()
        fill(store, spans)
        print(f"{store.status()} in {time.perf_counter() - begun:.1f} s")
        api, trace = "/api/v1", f"{1:016x}{1001:016x}"
        paths = [
            f"{api}/status",
            f"{api}/journeys?attribute=order.id%3DORD-100",
            f"{api}/journeys?trace_id={trace}",
            f"{api}/journeys?attribute=order.number%3D100",
            f"{api}/traces/{trace}",
            f"{api}/connections",
            f"{api}/connections?limit=1000",
            f"{api}/connections?candidates=true",
            f"{api}/connections?trace_id={trace}",
            f"{api}/orphans",
            f"{api}/orphans/groups",
            f"{api}/edges",
            f"{api}/search",
            f"{api}/search?attribute=order.id%3DORD-100",
            f"{api}/search?attribute=order.number%3D100",
            f"{api}/search?service=payment-service&limit=1000",
            f"{api}/correlation?key=order.id",
            f"{api}/services",
            "/metrics",
            "/readyz",
        ]
        asyncio.run(measure(store, paths))
        store.close()


if __name__ == "__main__":
    main()
