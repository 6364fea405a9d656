"""A verdict as columns of ORPHANS."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from analyzer.case import Case
from analyzer.causes import UNKNOWN, load_causes
from analyzer.conditions import Finding
from analyzer.fixes import End, choose_fix
from analyzer.surroundings import Sibling, Surroundings
from analyzer.verdicts import Verdict, tell_findings

JUDGED = [
    *("destination", "system", "producer_service_name", "expected", "cause_code", "cause_title"),
    *("cause_confidence", "cause_fix", "other_causes", "evidence", "hidden"),
]
"""Columns of ORPHANS that judging fills in; the others are those of the root."""
_encode = json.JSONEncoder(ensure_ascii=False).encode
# Of names that are listed.
_MOST_NAMES = 3
_ADVICE = "E5"  # what to record, where no id leads to the producer


def verdict_row(case: Case, verdict: Verdict) -> dict[str, Any]:
    """The columns JUDGED but `hidden`."""
    root, told, around = case.root, case.facts, case.around
    cause = load_causes()[verdict.code]
    destination = root["destination"] or told["producer_destination"] or around.destination
    producer = root["producer_service_name"] or around.producer
    unmatched = told["rule"] is None and told["missing"] is None
    advised = unmatched and not cause.expected and verdict.code != UNKNOWN
    fix = choose_fix(
        verdict.code,
        cause.side,
        End(root["service_name"], _languages(told["sdk_language"]), _consumer_scopes(case)),
        _producer_end(case, producer),
        destination,
        system=case.system,
        advice=_ADVICE if advised else None,
    )
    return {
        "destination": destination,
        "system": case.system,
        "expected": cause.expected,
        "cause_code": verdict.code,
        "cause_title": cause.title,
        "cause_confidence": verdict.confidence,
        "cause_fix": fix,
        "other_causes": _list_causes(verdict.others),
        "evidence": _evidence(case, verdict),
        "producer_service_name": producer,
    }


@lru_cache(maxsize=1024)
def _list_causes(causes: tuple[tuple[str, float], ...]) -> str:
    return json.dumps([{"code": code, "confidence": confidence} for code, confidence in causes])


def _consumer_scopes(case: Case) -> tuple[tuple[str, str | None], ...]:
    name = case.facts["scope_name"]
    return ((name, case.facts["scope_version"]),) if name else ()


def _producer_end(case: Case, service: str | None) -> End:
    """The producer that was found, else what all that send there have in common."""
    told, around = case.facts, case.around
    if told["rule"] is not None:
        scopes = [told["producer_scope_name"]] if told["producer_scope_name"] else []
        languages = _languages(told["producer_sdk_language"])
    else:
        scopes = sorted(scope for scope in around.sender_scopes if scope)
        languages = around.sender_languages
    return End(service, languages, tuple((scope, None) for scope in scopes))


def _languages(language: str | None) -> frozenset[str]:
    return frozenset() if language is None else frozenset([language])


def _evidence(case: Case, verdict: Verdict) -> str:
    """What the deciding conditions found, what was seen on the root, who sends there, and
    what became of other messages: a JSON array."""
    seen = (Finding(**item) for item in json.loads(case.facts["seen"]))
    beside = [_senders(case)]
    if not case.arrived:
        beside += _find_others(case.around, _tell_own(case))
    if verdict.code == UNKNOWN:
        beside.append(Finding("verdict", "unknown", "Nothing above decides what the cause is."))
    told: dict[tuple[str, str], Finding] = {}
    for finding in (*tell_findings(case, verdict.line), *seen, *beside):
        told.setdefault(finding[:2], finding)
    return f"[{', '.join(map(_write, told.values()))}]"


@lru_cache(maxsize=1024)
def _write(finding: Finding) -> str:
    """As JSON. Most are those of other roots."""
    return _encode(finding._asdict())


def _senders(case: Case) -> Finding:
    around = case.around
    destination = around.destination or case.root["destination"] or "this destination"
    if around.possible:
        who = around.producer or "several services"
        return Finding("producers", who, f"Spans of sends to {destination} are stored, of {who}.")
    return Finding("producers", "none", f"No stored span sends to {destination}.")


class _Own(NamedTuple):
    """What is compared with the hand-overs that did connect."""

    destination: str | None
    service_name: str | None
    service_version: str | None
    scope: str
    consumer_group: str | None
    connected_elsewhere: bool
    """The message of the root itself."""


def _tell_own(case: Case) -> _Own:
    root, told = case.root, case.facts
    return _Own(
        root["destination"],
        root["service_name"],
        told["service_version"],
        _scope(told["scope_name"], told["scope_version"]),
        root["consumer_group"],
        told["producer_connected_elsewhere"],
    )


@lru_cache(maxsize=1024)
def _find_others(around: Surroundings, own: _Own) -> tuple[Finding, ...]:
    """The hand-overs that did connect, and what differs. The same of most roots of one place."""
    here = around.destination or own.destination or "this destination"
    me = own.service_name or "this consumer"
    found = []
    if own.connected_elsewhere:
        found.append(
            Finding(
                "this message",
                "connected elsewhere",
                "Another consumer got the context of this very message.",
            )
        )
    mine = [each for each in around.siblings if each.service_name == own.service_name]
    if mine:
        found.append(
            Finding(
                "other deliveries",
                "connected",
                f"Contexts of other messages of {here} did arrive at {me}.",
            )
        )
        found += _differences(own, mine)
    elif around.siblings:
        who = _list({_name_sibling(each) for each in around.siblings})
        found.append(Finding("other consumers", who, f"Contexts of {here} arrive at {who}."))
    elif around.injects:
        found.append(
            Finding(
                "other consumers",
                "connected",
                f"Contexts of {around.producer or 'those who send there'} arrive at other"
                f" destinations, but none of {here} arrived.",
            )
        )
    return tuple(found)


def _differences(own: _Own, siblings: list[Sibling]) -> list[Finding]:
    """In what this root differs from all deliveries of its service that connected."""
    mine = {
        "service.version": own.service_version,
        "instrumentation": own.scope,
        "consumer group": own.consumer_group,
    }
    theirs: dict[str, set[str | None]] = {
        "service.version": {each.service_version for each in siblings},
        "instrumentation": {_scope(each.scope_name, each.scope_version) for each in siblings},
        "consumer group": {each.consumer_group for each in siblings},
    }
    return [
        Finding(
            name,
            value or "none",
            f"The {name} is {value or 'not recorded'}; messages that connect have"
            f" {_list(theirs[name])}.",
        )
        for name, value in mine.items()
        if value not in theirs[name]
    ]


def _scope(name: str | None, version: str | None) -> str:
    return " ".join(text for text in (name, version) if text)


def _list(values: Iterable[str | None]) -> str:
    texts = sorted(value or "none" for value in values)
    return ", ".join(texts[:_MOST_NAMES]) + (", …" if len(texts) > _MOST_NAMES else "")


def _name_sibling(sibling: Sibling) -> str:
    group = f" in group {sibling.consumer_group}" if sibling.consumer_group else ""
    return f"{sibling.service_name or 'an unnamed service'}{group}"
