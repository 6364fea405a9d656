"""Breaks that leave no orphan root, as notes on the hand-over.

B1, B2   the context arrived and the workflow's baggage did not
S8       a batch has links to some of its messages only
P7       it had more links than the SDK keeps

OpenTelemetry messaging conventions, "Batch receiving"; Baggage API; SDK "Span limits".
"""

import json
from typing import Any

import polars as pl

from analyzer.causes import load_causes
from analyzer.dropped_fields import read_dropped
from analyzer.ends import Ends
from analyzer.fixes import End, choose_fix
from analyzer.rules.workflow_id import WORKFLOW
from analyzer.tables import Tables
from storage.cheap_rows import is_among, stack, where

# What a remark's fix is chosen by, of either end.
_TOLD = ["service_name", "sdk_language", "scope_name", "scope_version"]
_KIND = [
    "code",
    "destination",
    *(f"{end}_{name}" for end in ("producer", "consumer") for name in _TOLD),
]
_NONE = pl.DataFrame(schema={"delivery": pl.UInt32, "send": pl.UInt32, "code": pl.String})


def add_remarks(tables: Tables, ends: Ends, handovers: pl.DataFrame) -> pl.DataFrame:
    """The hand-overs (delivery, send, relation, …, notes) with these notes as well."""
    stated = where(handovers[["delivery", "send", "relation"]], handovers["relation"] != "stitch")
    found = stack([_lost_baggage(tables, ends, stated), _short_batches(ends, stated)])
    if found.is_empty():
        return handovers
    told = _write_notes(found.hstack(_tell_ends(ends, found)))
    notes = pl.col("notes").str.strip_chars("[]")
    return (
        handovers.join(told, on=["delivery", "send"], how="left", maintain_order="left")
        .with_columns(
            notes=pl.concat_str(
                pl.lit("["),
                pl.concat_str(
                    pl.when(notes != "").then(notes), "remarks", separator=", ", ignore_nulls=True
                ),
                pl.lit("]"),
            )
        )
        .drop("remarks")
    )


def _lost_baggage(tables: Tables, ends: Ends, stated: pl.DataFrame) -> pl.DataFrame:
    """(delivery, send, code): the workflow's id stands on the send or its local root, and
    nowhere in the work on the message.

    boto3sqs leaves the baggage out first where SQS's ten attributes are full: told by a
    consumer that continues the context as its parent, which keeps baggage by itself. The
    propagation library says it of itself.
    """
    frame = ends.frame
    flows = tables.correlation["correlation_id"].filter(tables.correlation["key"] == WORKFLOW)
    if flows.is_empty() or stated.is_empty():
        return _NONE
    carries = is_among(frame["correlation_id"], flows)
    work = frame.flag(frame["top"].filter(carries))  # by root: somewhere in its local tree
    sends = stated["send"]
    sent = carries[sends] | carries[frame["top"][sends]]
    arrived = work[frame["top"][stated["delivery"]]]
    stated = where(stated, sent & ~arrived)
    if stated.is_empty():
        return _NONE
    sends = stated["send"]
    scopes = frame.tell(sends, "scope_name", "system")
    full = (
        scopes["scope_name"].str.contains("boto3sqs", literal=True).fill_null(value=False)
        & (scopes["system"] == "aws_sqs").fill_null(value=False)
        & (stated["relation"] == "parent")
    )
    full |= ends.producers(sends).is_in(read_dropped(tables, ends)["unit"].implode())
    return stated.with_columns(
        code=pl.select(pl.when(full).then(pl.lit("B2")).otherwise(pl.lit("B1"))).to_series()
    ).drop("relation")


def _short_batches(ends: Ends, stated: pl.DataFrame) -> pl.DataFrame:
    """(delivery, send, code) of batches with links to some of their messages."""
    sizes = ends.frame.messages["batch_count"]
    if sizes.null_count() == len(sizes) and not (ends.frame["dropped_links_count"] > 0).any():
        return _NONE
    linked = where(stated[["delivery", "send"]], stated["relation"] == "link")
    told = ends.frame.tell(linked["delivery"], "batch_count", dropped="dropped_links_count")
    counted = pl.col("batch_count").is_not_null() | (pl.col("dropped") > 0)
    batches = linked.hstack(told).filter(counted)
    if batches.is_empty():
        return _NONE
    counts = ends.links.group_by(delivery="row").agg(links=pl.len(), empty=pl.col("empty").sum())
    code = (
        pl.when(pl.col("dropped") > 0)
        .then(pl.lit("P7"))
        .when(pl.col("batch_count") > pl.col("links") - pl.col("empty"))
        .then(pl.lit("S8"))
    )
    return (
        batches.join(counts, on="delivery", how="inner", maintain_order="left")
        .with_columns(code.alias("code"))
        .filter(pl.col("code").is_not_null())
        .select("delivery", "send", "code")
    )


def _tell_ends(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    near, far = (
        ends.frame.tell(found[row], **{f"{end}_{name}": name for name in _TOLD})
        for row, end in (("delivery", "consumer"), ("send", "producer"))
    )
    places = ends.frame.tell(found["delivery"], "destination")
    return pl.concat([near, far, places], how="horizontal")


def _write_notes(found: pl.DataFrame) -> pl.DataFrame:
    """(delivery, send, remarks): JSON objects with commas between."""
    kinds = found.select(_KIND).unique()
    texts = [json.dumps(_note(kind), ensure_ascii=False) for kind in kinds.iter_rows(named=True)]
    written = kinds.with_columns(note=pl.Series(texts, dtype=pl.String))
    return (
        found.join(written, on=_KIND, nulls_equal=True)
        .sort("delivery", "send", "code")
        .group_by("delivery", "send", maintain_order=True)
        .agg(pl.col("note").str.join(", ").alias("remarks"))
    )


def _note(kind: dict[str, Any]) -> dict[str, str]:
    cause = load_causes()[kind["code"]]
    fix = choose_fix(
        kind["code"],
        cause.side,
        _end(kind, "consumer"),
        _end(kind, "producer"),
        kind["destination"],
    )
    return {"code": kind["code"], "title": cause.title, "fix": fix}


def _end(kind: dict[str, Any], end: str) -> End:
    service, language, scope, version = (kind[f"{end}_{name}"] for name in _TOLD)
    languages = frozenset() if language is None else frozenset([language])
    return End(service, languages, ((scope, version),) if scope else ())
