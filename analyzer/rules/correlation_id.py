"""The same correlation id, where exactly one producer and one delivery are left for it.

A business id such as `order.id` names a unit of work, not a message: it says which hop
only after the stronger rules took theirs, between destinations a message can pass
between, within one environment and namespace.
"""

import re

import polars as pl

from analyzer.bridges import DELIVERS_TO, is_named_after
from analyzer.retry_topics import DEAD_LETTER_ENDING
from analyzer.rules import EVIDENCE, NOTHING, compared, in_time, of_ends, selective
from storage.cheap_rows import is_among, stack, where, with_series

SINGLE, SHARED = 0.9, 0.6
# Another destination, and something speaks against it (`_doubts`), or the delivery names a
# producer that is not stored. Rather a later hop whose own producer left no span or no id than
# what was sent here: in generated pipelines four of ten are right (docs/evidence.md).
DOUBTFUL = 0.4

# A subscription or queue is named otherwise than the topic or exchange that fills it.
RENAMING = ["gcp_pubsub", "rabbitmq", "servicebus"]
_ALIKE, _BRIDGED, _RENAMED = 1, 4, 5

# One of more candidates than a reader would look at is none.
LEAST = 0.05

# An id that fifty producers and fifty deliveries carry names no hop: what is left of its
# candidates would be listed with next to no confidence, and be very many.
MOST_PAIRS = 2_500

# Queues keep messages for days, and a unit of work is not done before.
_ENDLESS = 2**62

# MirrorMaker puts the name of the cluster before that of a topic; others put a word behind.
_COPY = r"[-_.](?:replica|mirror(?:ed)?|copy|backup)$"
_LONGEST = 300


def list_originals(topic: str) -> list[str]:
    """Names of the topics that a topic may be a copy of by its own. No broker has names of
    more than 300 characters."""
    if len(topic) > _LONGEST:
        return []
    behind = [topic[at + 1 :] for at, sign in enumerate(topic) if sign == "."]
    names = dict.fromkeys([*behind, re.sub(_COPY, "", topic)])
    return [name for name in names if name not in ("", topic)]


def scopes_agree(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Equal, or one says less: nothing, or the AWS account without the region (the queue
    URL of an endpoint of one's own names none)."""
    less = one.str.ends_with(pl.concat_str(pl.lit("/"), other)) | other.str.ends_with(
        pl.concat_str(pl.lit("/"), one)
    )
    return ((one == other) | less).fill_null(value=True)


def same_event() -> pl.Expr:
    """Source and detail type of a bus's event are equal, or one side does not say."""
    source = pl.col("event_source") == pl.col("send_source")
    detail_type = pl.col("event_detail_type") == pl.col("send_detail_type")
    return source.fill_null(value=True) & detail_type.fill_null(value=True)


def _hop() -> pl.Expr:
    """How well the two destinations fit, best 0; null when no message can pass.

    0 same destination; 1 one side does not say and the span names share their domain;
    2 one side does not say; 3 a bus or topic to a queue that is `named` after it, or a
    dead-letter queue's source; 4 a bus or topic to what it may deliver to; 5 an exchange or
    topic to a queue or subscription of the same broker, a topic to its mirror in another
    cluster (`named`, too).
    """
    system, send_system = pl.col("system"), pl.col("send_system")
    name, send_name = pl.col("destination"), pl.col("send_destination")
    same_system = (system == send_system).fill_null(value=True)
    silent = name.is_null() | send_name.is_null()
    agree = scopes_agree(pl.col("scope"), pl.col("send_scope"))
    bridge = pl.any_horizontal(
        (send_system == sender) & system.is_in(receivers)
        for sender, receivers in DELIVERS_TO.items()
    )
    inside_bus = (system == "aws_eventbridge") & (send_system == "aws_eventbridge")
    source = name.str.replace(DEAD_LETTER_ENDING, "$1")
    dead_letter = pl.col("dead_letter") & (source == send_name) & (system == send_system)
    return (
        pl.when(same_system & (name == send_name) & agree)
        .then(0)
        .when(same_system & silent & (pl.col("domain") == pl.col("send_domain")))
        .then(_ALIKE)
        .when(same_system & silent)
        .then(2)
        .when((pl.col("named") & bridge & same_event()) | dead_letter)
        .then(3)
        .when((bridge | inside_bus) & same_event())
        .then(_BRIDGED)
        .when(
            (name.str.starts_with(pl.concat_str(send_name, pl.lit(":")))) & (system == send_system)
        )
        .then(0)
        .when(pl.col("named") & (system == "kafka"))
        .then(_RENAMED)
        .when((system == send_system) & system.is_in(RENAMING))
        .then(_RENAMED)
    )


_PLACES = ["system", "destination", "send_system", "send_destination"]


def _tell_names(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` with `named` (`_is_named`)."""
    places = pairs.select(_PLACES).unique()
    named = pl.Series("named", [_is_named(*place) for place in places.rows()], dtype=pl.Boolean)
    return pairs.join(places.with_columns(named), on=_PLACES, nulls_equal=True)


def _is_named(
    system: str | None, name: str | None, send_system: str | None, send_name: str | None
) -> bool:
    """Whether a destination's name says that it is filled from the send's: a queue is named
    after the bus or topic, a topic is a copy in another cluster."""
    if system is None or send_system is None or name is None or send_name is None:
        return False
    if system == send_system == "kafka":
        return send_name in list_originals(name)
    return system in DELIVERS_TO.get(send_system, ()) and is_named_after(name, send_name)


def _leave_out_delivered(pairs: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    """`pairs` without sends that a service and group has a delivery of: whatever the
    destination, unless the names say that the message reaches this one, too."""
    consumer = ["send", "service", "consumer_group"]
    at = [*consumer, "destination"]
    if explained.is_empty():
        return pairs
    here, there = where(pairs, pairs["named"]), where(pairs, ~pairs["named"])
    if not here.is_empty():
        here = here.join(explained, on=at, how="anti", nulls_equal=True)
    return stack([here, there.join(explained, on=consumer, how="anti", nulls_equal=True)])


def _doubts() -> pl.Expr:
    """Where no name says that a message reaches another destination: it `arrived` elsewhere
    (but a bus has several targets: where both ends name it, and their spans one domain, it is
    no doubt), or was sent by the consumer itself; and over a bus or topic, or to a destination
    of which no system is told, it was sent while another message was handled, or about
    something else by the names of the spans."""
    own = pl.col("service") == pl.col("send_service")
    passes_on = (pl.col("system") != pl.col("send_system")).fill_null(value=True)
    bus = pl.col("send_system").is_in(list(DELIVERS_TO)).fill_null(value=False)
    other = (pl.col("domain") != pl.col("send_domain")).fill_null(value=False)
    onward = passes_on & pl.col("send_onward")
    targets = bus & ~passes_on & (pl.col("hop") == _ALIKE)
    return ~pl.col("named") & (
        (pl.col("arrived") & ~targets) | own | onward | ((passes_on | bus) & other)
    )


# What is compared of sends, and how it is called beside deliveries.
_SENT = {
    "world": "world",
    "send_system": "system",
    "send_destination": "destination",
    "send_scope": "scope",
    "send_domain": "domain",
    "send_start": "start",
    "send_trace": "trace",
    "send_service": "service",
    "send_onward": "onward",
    "send_source": "event_source",
    "send_detail_type": "event_detail_type",
}


def match_correlation_ids(
    sends: pl.DataFrame,
    deliveries: pl.DataFrame,
    send_keys: pl.DataFrame,
    keys: pl.DataFrame,
    explained: pl.DataFrame,
    missing: pl.DataFrame,
    longest_nano: int = _ENDLESS,
) -> pl.DataFrame:
    """EVIDENCE rows for the deliveries that nothing stronger explained.

    `deliveries` are the unexplained ones; `explained` (send, service, consumer_group,
    destination) the producers that a service and group already has a delivery of there;
    `missing` (row) the deliveries that name a producer that is not stored; sends more than
    `longest_nano` before a delivery are not looked at. Several
    candidates left: all are listed, below the bar, none is chosen.
    """
    if send_keys.is_empty() or keys.is_empty():
        return NOTHING
    # Most ids are of nobody who is asked about.
    keys = where(keys, is_among(keys["row"], deliveries["row"]))
    asked = keys[["key", "value"]].unique()
    send_keys = send_keys.join(asked, on=["key", "value"], how="semi")
    if send_keys.is_empty():
        return NOTHING
    here = keys.join(deliveries, on="row").rename({"row": "delivery"})
    there = of_ends("send", send_keys.rename({"near": "send_near"}), sends, **_SENT)
    if there.is_empty():
        return NOTHING
    there, here = selective(there, here, ["world", "key", "value"], MOST_PAIRS)
    pairs = in_time(here.join(there, on=["world", "key", "value"]))
    pairs = where(pairs, pairs["trace"] != pairs["send_trace"])
    pairs = where(pairs, pairs["start"] - pairs["send_start"] <= longest_nano)
    if pairs.is_empty():
        return NOTHING
    pairs = _tell_names(pairs).with_columns(_hop().alias("hop"))
    # a bus explains a queue only if nobody with this id sends to the queue itself, nor to
    # a bus or topic after which the queue is named
    nearest = pl.col("hop") == pl.col("hop").min().over("delivery", "key", "value")
    pairs = _leave_out_delivered(pairs.filter(nearest), explained)
    arrived = is_among(pairs["send"], explained["send"])
    # a name that may mean any queue is no reason to give a message a second consumer
    kept = (pairs["hop"] < _RENAMED) | pairs["named"] | ~arrived
    pairs = with_series(where(pairs, kept), arrived=arrived.filter(kept))
    if pairs.is_empty():
        return NOTHING
    # Deliveries of one message (its redeliveries) count as one.
    message = pl.coalesce(pl.col("message_id"), pl.col("delivery").cast(pl.String))
    pairs = pairs.with_columns(
        pl.col("send").n_unique().over("delivery", "key", "value").alias("producers"),
        message.n_unique()
        .over("send", "service", "consumer_group", "destination", "key", "value")
        .alias("consumers"),
    ).with_columns(((pl.col("producers") == 1) & (pl.col("consumers") == 1)).alias("single"))
    lost = pl.col("delivery").is_in(missing["row"].implode())
    doubted = (pl.col("hop") > 0) & ~pl.col("dead_letter") & (lost | _doubts())
    confidence = (
        pl.when(pl.col("single") & doubted)
        .then(DOUBTFUL)
        .when("single")
        .then(SINGLE)
        .otherwise(SHARED / pl.max_horizontal("producers", "consumers"))
        .round(2)
    )
    return (
        pairs.sort(
            "delivery",
            "send",
            "single",
            "near",
            "key",
            descending=[False, False, True, False, False],
        )
        .unique(["delivery", "send"], keep="first", maintain_order=True)
        .select(
            "delivery",
            "send",
            pl.lit("correlation-id").alias("rule"),
            confidence.alias("confidence"),
            compared(pl.col("key"), pl.col("value"), pl.col("value")).alias("evidence"),
        )
        .filter(pl.col("confidence") >= LEAST)
        .cast(EVIDENCE)
    )
