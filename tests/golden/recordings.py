"""A recording in a store, analysed, and the answers as the truth and the tree need them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from collector.decoded import decode_request
from collector.decoding import make_decoder
from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.golden.tree import Edge, Forest, Span
from tests.golden.truth import Connection, Ids, Orphan
from tracestitch.analysis import AnalysisLoop

FOLDER = Path(__file__).parents[2] / "sample_data" / "recordings"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/spans.otlp.pb"))
ALL = Page(limit=1_000_000)


@dataclass(frozen=True, slots=True)
class Answers:
    batches: list[SpanBatch]
    """One for each request."""
    connections: pa.Table
    orphans: pa.Table


def read_truth(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((folder / name / "truth.json").read_text("utf-8"))
    return truth


def read_requests(name: str, folder: Path = FOLDER) -> list[bytes]:
    """The export requests of a recording, as they arrived."""
    return list(_payloads((folder / name / "spans.otlp.pb").read_bytes()))


def store_requests(
    requests: Iterable[bytes], *, pass_after_each: bool = False
) -> tuple[SpanStore, list[SpanBatch]]:
    """A memory store with everything analysed, and the batches that went in."""
    decoder = make_decoder()
    store = open_store("memory:")
    loop = AnalysisLoop(store)
    batches = []
    for payload in requests:
        batches.append(decode_request(decoder, payload).batch)
        store.append(batches[-1], stored_at_unix_nano=1)
        while pass_after_each and loop.run_once():
            pass
    while loop.run_once():
        pass
    return store, batches


def answers_of(store: SpanStore, batches: list[SpanBatch], *, candidates: bool = False) -> Answers:
    """Drawn connections, or candidates too, and orphan roots."""
    wanted = ConnectionQuery(min_confidence=0.0) if candidates else ConnectionQuery()
    return Answers(
        batches=batches,
        connections=store.connections(wanted, ALL).table,
        orphans=store.orphans(OrphanQuery(), ALL).table,
    )


@cache
def open_recording(name: str) -> tuple[SpanStore, list[SpanBatch]]:
    """One of the project's recordings in a store."""
    return store_requests(read_requests(name))


@cache
def analyse_recording(name: str) -> Answers:
    return answers_of(*open_recording(name))


def _payloads(data: bytes) -> Iterator[bytes]:
    """Requests, each behind its length in four bytes, big-endian."""
    while data:
        length = int.from_bytes(data[:4])
        yield data[4 : 4 + length]
        data = data[4 + length :]


def connections_of(answers: Answers) -> list[Connection]:
    return [
        Connection(
            _ids(row, "producer_"),
            _ids(row, "consumer_"),
            row["relation"],
            row["confidence"],
            row["rule"],
        )
        for row in answers.connections.to_pylist()
    ]


def orphans_of(answers: Answers) -> list[Orphan]:
    return [
        Orphan(_ids(row), row["cause_code"], row["cause_confidence"])
        for row in answers.orphans.to_pylist()
    ]


def forest_of(answers: Answers) -> Forest:
    """Spans, connections and orphan roots, labelled for people."""
    services = {
        row["resource_id"]: row["service_name"]
        for batch in answers.batches
        for row in batch.resources.to_pylist()
    }
    spans = {
        _ids(row): Span(
            ids=_ids(row),
            parent=_ids(row, parent=True) if row["parent_span_id"] else None,
            service=services[row["resource_id"]] or "(no service)",
            name=row["name"],
            start=row["start_time_unix_nano"],
        )
        for batch in answers.batches
        for row in batch.spans.to_pylist()
    }
    edges = [
        Edge(_ids(row, "producer_"), _ids(row, "consumer_"), _label(row))
        for row in answers.connections.to_pylist()
    ]
    remarks = {
        _ids(row): f"{row['cause_code']} {row['cause_confidence']:.2f}, {row['cause_title']}"
        + (", expected" if row["expected"] else "")
        for row in answers.orphans.to_pylist()
    }
    return Forest(spans, edges, remarks)


def _label(row: dict[str, Any]) -> str:
    rule = row["relation"]
    if rule == "stitch":
        rule += f" {row['rule']} {row['confidence']:.2f}"
    words = [rule, row["system"] or "(no system)", row["destination"] or "(no destination)"]
    if row["attempt"] is not None and row["attempt"] > 1:
        words.append(f"attempt {row['attempt']}")
    if row["dead_letter"]:
        words.append("dead letter")
    return ", ".join(words)


def _ids(row: dict[str, Any], prefix: str = "", *, parent: bool = False) -> Ids:
    span_id = row["parent_span_id" if parent else f"{prefix}span_id"]
    return f"{row[f'{prefix}trace_hi']:016x}{row[f'{prefix}trace_lo']:016x}", f"{span_id:016x}"
