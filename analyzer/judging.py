"""Verdicts: from orphan roots and the surroundings of each to causes."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from analyzer.case import Case
from analyzer.root_facts import NOTHING
from analyzer.surroundings import Surroundings
from analyzer.verdict_rows import verdict_row
from analyzer.verdicts import Verdict, name_cause
from analyzer.world import World, worlds
from storage.schema import ORPHANS

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
_TOLD = ["own_system", "own_destination", "domain"]
# What differs from root to root without changing a verdict: conditions compare it through
# `Case.compared`.
_OWN = ("seen", "start", "end", "message_id", "kafka_offset", "gap", "missing_random")

# States of the facts that are looked at beside each other: passes judge some roots, and look
# for others whose surroundings changed.
_STATES = 2
_MOST_REMEMBERED = 5_000


class _Views:
    """What surrounds roots; those in one place see the same."""

    def __init__(self, facts: pl.DataFrame) -> None:
        self._worlds, self._nowhere = worlds(facts), World([])
        self._seen: dict[tuple[Any, ...], Surroundings] = {}

    def around(self, root: Mapping[str, Any]) -> Surroundings:
        """Of a root: a row with the columns _PLACE."""
        place = tuple(root[name] for name in _PLACE)
        if place not in self._seen:
            world = self._worlds.get(root["environment"], self._nowhere)
            self._seen[place] = world.around(root, root["domain"])
        return self._seen[place]


class Judge:
    """Judges roots, and remembers from one time to the next: the same kinds of roots come for
    ever, and a verdict is a function of its case. Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._looked: list[tuple[pl.DataFrame, _Views]] = []
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
            around = views.around(root | {"domain": told["domain"]})
            case = Case(root, told, around)
            hidden = (
                _is_event_only(told, around)
                or (told["part"] == "polled" and around.processes)
                or (case.sent and not case.lost)
            )
            rows.append(verdict_row(case, self._find_verdict(case)) | {"hidden": hidden})
        schema = pl.DataFrame(ORPHANS.empty_table()).schema
        return pl.DataFrame(rows, schema=schema, orient="row")

    def select_affected(
        self, roots: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame
    ) -> pl.DataFrame:
        """Those of the roots (ORPHANS rows) whose verdicts may differ between the two states of
        the facts: what surrounds them differs."""
        told = pl.col("facts").str.json_decode(pl.Struct(dict.fromkeys(_TOLD, pl.String)))
        seen = roots.with_columns(told.alias("told")).with_columns(
            system=pl.col("told").struct.field("own_system"),
            destination=pl.col("told").struct.field("own_destination"),
            domain=pl.col("told").struct.field("domain"),
        )
        places = seen.select(_PLACE).unique()
        old, new = self._look_around(before), self._look_around(after)
        changed = [old.around(place) != new.around(place) for place in places.iter_rows(named=True)]
        elsewhere = places.filter(pl.Series(changed, dtype=pl.Boolean))
        affected = seen.with_row_index("row").join(
            elsewhere, on=_PLACE, how="semi", nulls_equal=True
        )
        return roots[affected["row"].sort()]

    def _look_around(self, facts: pl.DataFrame) -> _Views:
        """Of one and the same frame the same views, with what they have seen."""
        for known, views in self._looked:
            if known is facts:
                return views
        views = _Views(facts)
        self._looked = [*self._looked[1 - _STATES :], (facts, views)]
        return views

    def _find_verdict(self, case: Case) -> Verdict:
        """Cases that differ only in what is shown of them have the same."""
        facts = (value for name, value in case.facts.items() if name not in _OWN)
        alike = (case.root["system"], case.around, *case.compared, *facts)
        verdict = self._verdicts.get(alike)
        if verdict is None:
            if len(self._verdicts) >= _MOST_REMEMBERED:
                self._verdicts.clear()
            verdict = self._verdicts[alike] = name_cause(case)
        return verdict


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
