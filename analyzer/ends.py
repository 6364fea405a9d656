"""The two ends of hand-overs with everything that rules compare."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from analyzer.bodies import find_bodies, handled_calls
from analyzer.contexts import missing_contexts, own_receives, read_links, resolved_contexts
from analyzer.deliveries import find_deliveries, place_contexts
from analyzer.frame import Frame, build_frame
from analyzer.hot_keys import Hot
from analyzer.sends import find_sends
from analyzer.tables import Tables
from storage.cheap_rows import with_series

# What is told of both ends.
_COLUMNS = [
    *("trace", "top", "world", "service", "start", "end", "work_end", "status_code"),
    *("system", "destination", "scope", "consumer_group", "dead_letter", "domain"),
    *("message_id", "event_id", "event_source", "event_detail_type"),
    *("kafka_topic", "kafka_partition", "kafka_offset", "kafka_cluster"),
]


@dataclass(frozen=True)
class Ends:
    """What the evidence rules read.

    `sends` and `deliveries` have one row an end point and the columns `row` (into
    `frame`), `world`, `service`, `system`, `destination`, …; of nested sends there is the
    leaf alone, `onward` ones are made while a message is handled; deliveries also have
    `part` (the `end` of find_deliveries, or "body").
    `stated` are the hand-overs that parents and links state: (delivery, send, relation,
    message_id), `send` being the row the context points at; `missing` the contexts of
    deliveries that point at absent spans; `units` maps every send span to its producer;
    `followed` as analyzer.contexts.own_receives has them; `bodies` the works after closed
    receive spans (analyzer.bodies.find_bodies).
    """

    frame: Frame
    sends: pl.DataFrame
    deliveries: pl.DataFrame
    stated: pl.DataFrame
    missing: pl.DataFrame
    units: pl.DataFrame
    links: pl.DataFrame
    followed: pl.DataFrame
    bodies: pl.DataFrame

    def producers(self, rows: pl.Series) -> pl.Series:
        """Of each span the producer that it is a span of, itself where it is no send."""
        return self._producers[rows].alias("unit")

    @cached_property
    def continued(self) -> pl.Series:
        """Boolean by row: deliveries of which a context states the send."""
        return self.frame.flag(self.stated["delivery"])

    @cached_property
    def connected(self) -> pl.Series:
        """Boolean by row: local roots that such a delivery is part of."""
        return self.frame.flag(self.frame["top"][self.stated["delivery"]])

    @cached_property
    def sending(self) -> pl.Series:
        """Boolean by row: spans of sends."""
        return self.frame.flag(self.units["row"])

    @cached_property
    def delivered(self) -> pl.Series:
        """Boolean by row: deliveries."""
        return self.frame.flag(self.deliveries["row"])

    @cached_property
    def _producers(self) -> pl.Series:
        return self.frame["row"].clone().scatter(self.units["row"], self.units["unit"])


def find_ends(tables: Tables, hot: Hot = frozenset()) -> Ends:
    frame = build_frame(tables)
    links = read_links(tables, frame)
    followed = own_receives(frame, links)
    resolved = resolved_contexts(frame, links, followed)
    missing = missing_contexts(frame, links, followed)
    found = find_deliveries(frame, links, followed, resolved, missing)
    stated = place_contexts(frame, found, resolved)
    # A receive span whose contexts no delivery below took stands for itself.
    extra = stated["row"].filter(~frame.flag(found["row"])[stated["row"]])
    if not extra.is_empty():
        holders = extra.unique().to_frame().select("row", end=pl.lit("receive"))
        found = pl.concat([found, holders]).sort("row")
    units = find_sends(frame, links)
    bodies = find_bodies(frame, links, found, stated, hot)
    sends = units["row"].filter(units["leaf"])
    deliveries = _deliveries(frame, found)
    if not bodies.is_empty():
        deliveries = pl.concat([deliveries, _after_calls(frame, bodies)]).sort("row")
    # as their own trace tells: what is a body depends on others
    onward = frame.flag(frame["top"][found["row"]])[frame["top"][sends]]
    return Ends(
        frame=frame,
        sends=with_series(frame.tell(sends, "row", *_COLUMNS), onward=onward),
        deliveries=deliveries,
        stated=_hand_overs(stated),
        missing=place_contexts(frame, found, missing),
        units=units[["row", "unit"]],
        links=links,
        followed=followed,
        bodies=bodies,
    )


def _deliveries(frame: Frame, found: pl.DataFrame) -> pl.DataFrame:
    told = frame.tell(found["row"], *_COLUMNS)
    return pl.DataFrame([found["row"], found["end"].alias("part"), *told])


def _hand_overs(stated: pl.DataFrame) -> pl.DataFrame:
    delivery, send = stated["row"].alias("delivery"), stated["target"].alias("send")
    return pl.DataFrame([delivery, send, stated["relation"], stated["message_id"]])


# What a work after a receive span knows of its message from it.
_FROM_CALL = ["system", "destination", "scope", "consumer_group", "dead_letter", "message_id"]


def _after_calls(frame: Frame, bodies: pl.DataFrame) -> pl.DataFrame:
    """Works after receives without context as deliveries, part "body"."""
    works = handled_calls(frame, bodies)
    # The id of a receive span that is a delivery itself says what it always said.
    call = frame.tell(works["receive"], "api_receive", *_FROM_CALL).select(
        pl.exclude("api_receive", "message_id"),
        pl.when(pl.col("api_receive") & works["first"]).then("message_id").alias("message_id"),
    )
    told = frame.tell(works["row"], *_COLUMNS).with_columns(call)
    return works.select("row", pl.lit("body").alias("part")).hstack(told)
