"""Verdicts: from orphan roots and the surroundings of each to causes."""

import json
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, cast

import polars as pl

from analyzer.case import Case
from analyzer.orphans import ROOTS
from analyzer.root_facts import FACTS, NOTHING
from analyzer.surroundings import Surroundings, Watched
from analyzer.verdict_rows import JUDGED, verdict_row
from analyzer.verdicts import Verdict, name_cause
from analyzer.world import World, worlds

# What a verdict may fill in: judging starts from what the spans themselves said.
_REFINED = ["system", "destination", "producer_service_name"]
# All that surroundings are looked up by; a root's own, not as refined.
_PLACE = [
    "environment",
    "service_namespace",
    "system",
    "destination",
    "service_name",
    "consumer_group",
    "span_name",
    "domain",
]
_Where = tuple[str | None, ...]
_TOLD = ["own_system", "own_destination", "domain"]
# What differs from root to root without changing a verdict: conditions compare it through
# `Case.compared`.
_OWN = (
    *("seen", "start", "end", "message_id", "kafka_partition", "kafka_offset", "gap"),
    "missing_random",
)

_tell_compared = itemgetter(*(name for name in FACTS if name not in _OWN))

_MOST_REMEMBERED = 5_000


class _Views:
    """What surrounds roots; those in one place see the same."""

    def __init__(self, facts: pl.DataFrame, known: Mapping[Surroundings, Watched]) -> None:
        self._worlds, self._nowhere = worlds(facts), World([])
        self._known = known
        self.alike: dict[Surroundings, Watched] = {}
        """What roots saw, by what it is: the `known` ones go on."""
        self.judged: dict[_Where, Watched] = {}
        """By place, of all roots that were judged with these facts, and of those that others
        facts judged, as they would have been with these."""

    def around(self, place: _Where) -> Watched:
        if place not in self.judged:
            self.judged[place] = self._watch(self._look(place))
        return self.judged[place]

    def follow(self, before: "_Views") -> list[_Where]:
        """The places of roots that were judged by what stood there before and that would be
        judged otherwise now: something differs that was looked at. All others are known here
        from now on."""
        changed = []
        for place, watched in before.judged.items():
            now = self._look(place)
            if watched.differs_from(now):
                changed.append(place)
            else:
                self.judged[place] = self._watch(now)
                self.judged[place].look_at(watched.looked_at)
        return changed

    def _look(self, place: _Where) -> Surroundings:
        root = dict(zip(_PLACE, place, strict=True))
        return self._worlds.get(root["environment"], self._nowhere).around(root, root["domain"])

    def _watch(self, surroundings: Surroundings) -> Watched:
        if surroundings not in self.alike:
            known = self._known.get(surroundings)
            self.alike[surroundings] = known or Watched(surroundings)
        return self.alike[surroundings]


class Judge:
    """Judges roots, and remembers from one time to the next: the same kinds of roots come for
    ever, and a verdict is a function of its case. Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._facts = pl.DataFrame()
        self._views = _Views(self._facts, {})
        self._verdicts: dict[tuple[Any, ...], Verdict] = {}

    def judge(self, roots: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
        """ORPHANS rows with causes.

        `roots` has the ORPHANS columns up to `facts`, base `evidence` and the stitched
        producer; judging a judged row again gives what judging it first would have given.
        `facts` are the stable facts of the store (analyzer.stable_facts). Roots that the
        surroundings show to be no work at all (a Kafka end-of-partition event) or represented
        by another span (a poll) are hidden: other facts may show that they are.
        """
        views = self._look_around(facts)
        rows = []
        for judged in roots.iter_rows(named=True):
            told = NOTHING | json.loads(judged["facts"])
            root = judged | {name: told[f"own_{name}"] for name in _REFINED}
            around = cast("Surroundings", views.around(_where(root, told)))
            case = Case(root, told, around)
            hidden = (
                _is_event_only(told, around)
                or (told["part"] == "polled" and around.processes)
                or (case.sent and not case.lost)
            )
            rows.append(verdict_row(case, self._find_verdict(case)) | {"hidden": hidden})
        columns = {n: pl.Series(n, [row[n] for row in rows], ROOTS[n]) for n in JUDGED}
        return pl.DataFrame([columns[n] if n in columns else roots[n] for n in ROOTS])

    def find_affected(self, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame | None:
        """Places (`select_at`) of roots that were judged with the facts `before`, or affected
        by none since they were, whose verdicts may be others with the facts `after`. None if
        others were judged with since."""
        if self._facts is not before and not before.equals(self._facts):
            return None
        known = self._views
        places = self._look_around(after).follow(known)
        return pl.DataFrame(places, schema=dict.fromkeys(_PLACE, pl.String), orient="row")

    def _look_around(self, facts: pl.DataFrame) -> _Views:
        """Of the same facts the same views, with what they have seen."""
        if self._facts is not facts and not facts.equals(self._facts):
            self._facts, self._views = facts, _Views(facts, self._views.alike)
        return self._views

    def _find_verdict(self, case: Case) -> Verdict:
        """Cases that differ only in what is shown of them have the same. What they see is the
        same thing where it is alike (`_Views`)."""
        alike = (case.root["system"], case.around, *case.compared, *_tell_compared(case.facts))
        verdict = self._verdicts.get(alike)
        if verdict is None:
            if len(self._verdicts) >= _MOST_REMEMBERED:
                self._verdicts.clear()
            verdict = self._verdicts[alike] = name_cause(case)
        return verdict


def select_at(roots: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Those of the roots (ORPHANS rows) that are at one of these places (Judge.find_affected),
    in their order."""
    told = pl.col("facts").str.json_decode(pl.Struct(dict.fromkeys(_TOLD, pl.String)))
    seen = roots.with_columns(told.alias("told")).with_columns(
        system=pl.col("told").struct.field("own_system"),
        destination=pl.col("told").struct.field("own_destination"),
        domain=pl.col("told").struct.field("domain"),
    )
    found = seen.with_row_index("row").join(places, on=_PLACE, how="semi", nulls_equal=True)
    return roots[found["row"].sort()]


def _where(root: Mapping[str, Any], told: Mapping[str, Any]) -> _Where:
    """The values of _PLACE."""
    return (*(root[name] for name in _PLACE[:-1]), told["domain"])


def _is_event_only(told: dict[str, Any], around: Surroundings) -> bool:
    """confluent-kafka makes a span for an end-of-partition event too; it carries the id
    of a record that does not exist yet. No context and nothing below it, while this
    service's other deliveries have work below them."""
    confluent = "confluent" in (told["scope_name"] or "")
    return (
        confluent
        and told["missing"] is None
        and not told["has_children"]
        and told["rule"] in (None, "correlation-id")
        and around.works_below
    )
