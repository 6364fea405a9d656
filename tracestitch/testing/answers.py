"""Requests into what was seen of them, by the real analyzer.

All of it happens on a thread of its own: the API runs on an event loop, and a test may have
one that runs already.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

import click

from collector.decoded import UndecodableRequest
from collector.formats.packing import Request
from collector.python_decoder import parse_request
from storage.contract import SpanStore
from tracestitch.api_client import Get, ask, ask_for_all, ask_in_process
from tracestitch.passing_store import open_passing_store
from tracestitch.sinks import StoreSink
from tracestitch.testing.own_work import own_work
from tracestitch.testing.seen import Ids, Seen, Told
from web.journeys.notes import find_notes
from web.journeys.spans import sort_spans, span_objects
from web.rows import trace_table

Result = TypeVar("Result")
Trace = tuple[int, int]
"""The halves of a trace id."""


class Answers:
    """Close it at the end."""

    def __init__(self, correlation_keys: Sequence[str] = ()) -> None:
        self._keys = correlation_keys
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stitched-answers")
        self._stack = ExitStack()
        self._store: SpanStore | None = None
        self._sink: StoreSink | None = None
        self._get: Get | None = None
        self._traces: set[Trace] = set()
        self._seen = Seen(find_journey=self._find_journey)

    def take(self, requests: Sequence[bytes]) -> Seen:
        """What has been seen with these, and with all before. Raises UndecodableRequest when
        one is not decodable; the others are taken."""
        if requests:
            self._seen, flaw = self._run(lambda: self._take(requests))
            if flaw is not None:
                raise flaw
        return self._seen

    def find_journeys(self, spans: Sequence[Ids]) -> Sequence[Told]:
        """Those that the spans' traces belong to, each once."""
        found: list[Told] = []
        for trace_id, _ in spans:
            if not any(trace_id in journey["trace_ids"] for journey in found):
                found.append(self._run(partial(self._ask_for_journey, trace_id=trace_id)))
        return found

    def close(self) -> None:
        self._run(self._stack.close)
        self._thread.shutdown()

    def _run(self, work: Callable[[], Result]) -> Result:
        def run() -> Result:
            with own_work():
                return work()

        return self._thread.submit(run).result()

    def _take(self, requests: Sequence[bytes]) -> tuple[Seen, UndecodableRequest | None]:
        if self._store is None:
            self._store, self._sink = self._stack.enter_context(open_passing_store(self._keys))
            self._get = ask_in_process(self._store)
        assert self._sink is not None  # noqa: S101 - it came with the store
        flaw: UndecodableRequest | None = None
        for request in requests:
            try:
                self._sink.take(Request(request, spans=0))
                self._traces |= find_traces(request)
            except UndecodableRequest as error:
                flaw = error
        self._sink.finish()
        batch = self._store.spans_of(trace_table(sorted(self._traces)))
        seen = Seen(
            span_objects(batch, sort_spans(batch), find_notes(batch, ())),
            self._ask_for_all("connections"),
            self._ask_for_all("orphans"),
            self._find_journey,
        )
        return seen, flaw

    def _ask(self, path: str, **parameters: str) -> Any:
        assert self._get is not None  # noqa: S101 - nothing is asked for before it was taken
        return ask(self._get, path, parameters)

    def _ask_for_all(self, name: str) -> Sequence[Told]:
        assert self._get is not None  # noqa: S101 - as above
        told: Sequence[Told] = ask_for_all(self._get, f"/api/v1/{name}", name)[name]
        return told

    def _find_journey(self, key: str, value: str) -> Told | None:
        if self._get is None:
            return None
        try:
            return self._run(partial(self._ask_for_journey, attribute=f"{key}={value}"))
        except click.ClickException:  # no stored span carries it
            return None

    def _ask_for_journey(self, **asked: str) -> Told:
        journey: Told = self._ask("/api/v1/journeys", **asked)["journey"]
        return journey


def find_traces(request: bytes) -> set[Trace]:
    """Of spans that can be stored. Raises UndecodableRequest."""
    ids = {
        span.trace_id
        for resource_spans in parse_request(request).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    }
    return {
        (int.from_bytes(i[:8], "big"), int.from_bytes(i[8:], "big")) for i in ids if len(i) == 16
    }
