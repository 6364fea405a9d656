"""One entry for a message and a consumer: the process span stands for the receive span."""

import polars as pl

from analyzer.ends import Ends
from storage.cheap_rows import pair, where, with_series

# How long after a library took a message another one may begin to handle it: messages that
# were fetched before it wait in between.
_APART_NANO = 5_000_000_000
_PLACE = ["unit", "consumer"]
_OF_MESSAGE = ["destination", "consumer_group", "message_id", "system"]


def leave_out_doubles(ends: Ends, found: pl.DataFrame) -> pl.DataFrame:
    """`found` (delivery, send, …) without receive spans of a message that the same consumer
    has a process span of, or a span of the application's own that continues the same producer
    (some libraries end theirs before the message is handled), and without the process spans
    of a library below another that tells of the same messages."""
    unit, consumer = ends.producers(found["send"]), ends.frame["service"][found["delivery"]]
    handed = pair(unit, consumer)
    if handed.n_unique() == len(handed):
        return found
    several = where(with_series(found, unit, consumer=consumer), handed.is_duplicated())
    parts = ends.deliveries.select(
        "part", "consumer_group", "start", "end", "dead_letter", delivery="row"
    )
    told = several.join(parts, on="delivery")
    doubles = pl.concat([_receives(told), _lower_libraries(ends, told)])
    return found.join(doubles, on=["delivery", "send"], how="anti")


def _receives(told: pl.DataFrame) -> pl.DataFrame:
    received = told.filter(pl.col("part") == "receive")
    if received.is_empty():
        return received.select("delivery", "send")
    handled = (
        told.filter(pl.col("part").is_in(["process", "stated"]))
        .select(*_PLACE, group="consumer_group")
        .unique()
    )
    same_group = (pl.col("consumer_group") == pl.col("group")).fill_null(value=True)
    return received.join(handled, on=_PLACE).filter(same_group).select("delivery", "send")


def _lower_libraries(ends: Ends, told: pl.DataFrame) -> pl.DataFrame:
    """Process spans of a broker's library where a framework above it has one, too (Spring and
    RabbitMQ in Java, MassTransit and RabbitMQ in .NET): each message has one of both, the
    framework's a moment later and, as far as either, with the work below. Where they do not
    pair off, both stand: they may be attempts, or deliveries from several places."""
    handled = told.filter((pl.col("part") == "process") & ~pl.col("dead_letter"))
    handled = handled.filter(pl.len().over(_PLACE) > 1)
    if handled.is_empty():
        return handled.select("delivery", "send")
    handled = handled.with_columns(
        ends.frame.tell(
            handled["delivery"], *_OF_MESSAGE, library="scope_name", has_work="has_children"
        )
    )
    library = [*_PLACE, "library"]
    counted = handled.filter(pl.col("library").n_unique().over(_PLACE) == 2).with_columns(
        pl.int_range(pl.len()).over(library, order_by=["start", "delivery"]).alias("place"),
        pl.len().over(library).alias("all"),
        pl.col("has_work").any().over(library),
    )
    pairs = counted.join(counted, on=[*_PLACE, "place", "all"], suffix="_above").filter(
        (pl.col("library") != pl.col("library_above"))
        & (~pl.col("has_work") | pl.col("has_work_above"))
    )
    # RabbitMQ's library names the exchange, a framework the queue or the routing key
    exchange = (pl.col("system") == "rabbitmq").fill_null(value=False)
    same = {
        name: (pl.col(name) == pl.col(f"{name}_above")).fill_null(value=True)
        for name in _OF_MESSAGE
    }
    together, other = pl.col("start") == pl.col("start_above"), pl.col("library_above")
    follows = (
        ((pl.col("start") < pl.col("start_above")) | (together & (pl.col("library") < other)))
        & (pl.col("start_above") <= pl.col("end") + _APART_NANO)
        & (same.pop("destination") | exchange)
        & pl.all_horizontal(same.values())
    )
    return pairs.filter(follows.all().over(library)).select("delivery", "send")
