"""Where the time goes when the page of a large journey or trace is opened.

    python -m benchmarks.bench_journey_pages [SPANS ...]

Prints, for one journey of that many spans in traces of a hundred and for one trace of as
many, milliseconds of processor time of each stage, of the page as a whole, of the pieces
that its script asks for, and how many bytes they are. Processor time, because it does not
depend on what else the machine does; a page is made by one thread.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from benchmarks.large_journeys import ORDER, START, make_requests, trace_id
from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import SpanStore
from storage.engines import open_store
from tests.web_client import WebClient
from tracestitch.analysis import AnalysisLoop
from web.app import create_app
from web.parameters import parse_trace_id
from web.rows import trace_table
from web.waterfall.asked_picture import AskedPicture
from web.waterfall.layout import lay_out
from web.waterfall.picture import read_picture

RUNS = 3
_Value = TypeVar("_Value")


def fill(store: SpanStore, spans: int, per_trace: int) -> None:
    decoder = make_decoder()
    for payload in make_requests(spans, per_trace):
        store.append(decode_request(decoder, payload).batch, START)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


def measure(name: str, act: Callable[[], _Value], told: Callable[[_Value], str] = repr) -> _Value:
    """The best of a few runs: others only add to it."""
    times = []
    for _ in range(RUNS):
        begun = time.process_time()
        value = act()
        times.append((time.process_time() - begun) * 1000)
    print(f"{min(times):9.0f}  {name:40} {told(value)}")
    return value


def ask(client: WebClient, address: str) -> bytes:
    return client.get(address).content


def report(spans: int, per_trace: int, asked: AskedPicture) -> None:
    kind = "one trace" if per_trace >= spans else "a journey over traces of a hundred"
    print(f"\n{spans:,} spans, {kind}: ms of processor time")
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"duckdb:{directory}")
        fill(store, spans, per_trace)
        first = parse_trace_id(trace_id(0).hex())
        traces = trace_table([(first[0], first[1] + n) for n in range(-(-spans // per_trace))])
        measure("read from the store", lambda: store.spans_of(traces), lambda _: "")
        subject = measure("find (with what is read)", lambda: asked.find(store, 0), lambda _: "")
        picture = measure("columns for the layout", lambda: read_picture(subject.stored), no_words)
        measure("layout", lambda: lay_out(picture), lambda fall: f"{len(fall):,} rows")

        def open_first() -> bytes:
            return WebClient(create_app(store)).get(f"{asked.page}scale=folded").content

        page = measure("the page, first opened", open_first, size)
        client = WebClient(create_app(store))
        client.get(f"{asked.page}scale=folded")
        measure("the page again", lambda: client.get(f"{asked.page}scale=true").content, size)
        found = re.search(rb'data-query="([^"]+)"', page)
        assert found is not None
        query = found[1].decode().replace("&amp;", "&")
        for piece in ("rows?rows=5000-5119&", "outline?", "find?text=warehouse&", "axis?zoom=0-9&"):
            address = f"/waterfall/{piece}{query}"
            measure(address.split("?")[0], partial(ask, client, address), size)
        store.close()


def no_words(_: object) -> str:
    return ""


def size(content: bytes) -> str:
    return f"{len(content) / 1000:,.0f} kB"


def main() -> None:
    for spans in [int(text) for text in sys.argv[1:]] or [10_000, 50_000, 100_000]:
        report(spans, 100, AskedPicture(attribute=("order.id", ORDER)))
        report(spans, spans, AskedPicture(trace=parse_trace_id(trace_id(0).hex())))


if __name__ == "__main__":
    main()
