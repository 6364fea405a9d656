"""How a hand-over is told: its relation, as a chip and with its evidence. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from web.shapes import Connection, End
from web.words import say_confidence, say_rule

Ids = tuple[str, str]  # trace id, span id
Relation = Literal["propagated", "link", "stitch", "candidate", "cut"]


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    look: str = ""  # class of style.css: bad, warn, stitch, calm
    href: str | None = None
    why: int | None = None  # the connection that it tells of


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Why two spans belong together."""

    producer: End
    consumer: End
    destination: str | None
    chip: Chip
    relation: Relation
    fields: tuple[tuple[str, str, str], ...]  # field, producer's value, consumer's value
    notes: tuple[str, ...]
    attempt: int | None  # of several


def relation_of(connection: Connection, *, cut: bool) -> Relation:
    if cut:
        return "cut"
    if connection["confidence"] < 0.8:
        return "candidate"
    known: Relation = "propagated" if connection["relation"] == "parent" else "link"
    return "stitch" if connection["relation"] == "stitch" else known


def relation_chip(connection: Connection, *, cut: bool) -> Chip:
    relation = relation_of(connection, cut=cut)
    inferred = connection["relation"] == "stitch"
    told = f"{say_rule(connection['rule'])} · {say_confidence(connection['confidence'])}"
    if relation == "cut":
        return Chip(f"cut · {told}" if inferred else "cut", "warn")
    if relation in ("stitch", "candidate"):
        return Chip(told, "stitch" if relation == "stitch" else "")
    return Chip("propagated" if relation == "propagated" else "link", "calm")


def view_reason(connection: Connection, *, cut: bool) -> ReasonView:
    return ReasonView(
        producer=connection["producer"],
        consumer=connection["consumer"],
        destination=connection["destination"],
        chip=Chip(
            f"{say_rule(connection['rule'])} · {say_confidence(connection['confidence'])}"
            if connection["relation"] == "stitch"
            else say_rule(connection["rule"]),
            "stitch" if connection["relation"] == "stitch" else "calm",
        ),
        relation=relation_of(connection, cut=cut),
        fields=tuple(
            (each["field"], str(each["producer"] or "–"), str(each["consumer"] or "–"))
            for each in connection["evidence"]
        ),
        notes=tuple(note["title"] for note in connection["notes"]),
        attempt=(connection["attempt"] or 1) if _repeated(connection) else None,
    )


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Hand-overs that are known alike, with their numbers: at most MOST_LISTED of `count`."""

    first: ReasonView
    members: tuple[tuple[int, ReasonView], ...]
    count: int


MOST_LISTED = 12


def group_reasons(reasons: Iterable[ReasonView]) -> list[ReasonGroup]:
    """Those between the same steps, over the same destination and known in the same way are
    one: a line each would say the same again and again."""
    alike: dict[tuple[object, ...], list[tuple[int, ReasonView]]] = {}
    for number, reason in enumerate(reasons):
        steps = [
            (end["service_name"], end["span_name"]) for end in (reason.producer, reason.consumer)
        ]
        key = (*steps, reason.destination, reason.chip, reason.relation, reason.notes)
        alike.setdefault(key, []).append((number, reason))
    return [
        ReasonGroup(members[0][1], tuple(members[:MOST_LISTED]), len(members))
        for members in alike.values()
    ]


def _repeated(connection: Connection) -> bool:
    return (connection["attempt"] or 1) > 1 and not connection["dead_letter"]


def is_cut(connection: Connection, orphans: Collection[Ids]) -> bool:
    """Whether its consumer is one of these orphan roots."""
    end = connection["consumer"]
    return (end["trace_id"], end["span_id"]) in orphans
