"""A verdict as columns of ORPHANS."""

import json
from collections.abc import Iterable
from typing import Any

from analyzer.case import Case
from analyzer.causes import UNKNOWN, load_causes
from analyzer.conditions import Finding
from analyzer.fixes import End, choose_fix
from analyzer.surroundings import Sibling
from analyzer.verdicts import Verdict, tell_findings
from storage.schema import ORPHANS

_VERDICT = (
    "expected",
    "cause_code",
    "cause_title",
    "cause_confidence",
    "cause_fix",
    "other_causes",
    "evidence",
    "hidden",
)
_OF_ROOT = [name for name in ORPHANS.names if name not in _VERDICT]
# Of names that are listed.
_MOST_NAMES = 3
_ADVICE = "E5"  # what to record, where no id leads to the producer


def verdict_row(case: Case, verdict: Verdict) -> dict[str, Any]:
    """All columns but `hidden`."""
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
    return {name: root[name] for name in _OF_ROOT} | {
        "destination": destination,
        "system": case.system,
        "expected": cause.expected,
        "cause_code": verdict.code,
        "cause_title": cause.title,
        "cause_confidence": verdict.confidence,
        "cause_fix": fix,
        "other_causes": json.dumps(
            [{"code": code, "confidence": confidence} for code, confidence in verdict.others]
        ),
        "evidence": json.dumps(_evidence(case, verdict), ensure_ascii=False),
        "producer_service_name": producer,
    }


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


def _evidence(case: Case, verdict: Verdict) -> list[dict[str, str]]:
    """What was seen on the root, who sends there, what the deciding conditions found, and
    what became of other messages."""
    items: list[dict[str, str]] = json.loads(case.facts["seen"])
    found = [_senders(case), *tell_findings(case, verdict.line)]
    if not case.arrived:
        found += _others(case)
    if verdict.code == UNKNOWN:
        found.append(Finding("verdict", "unknown", "nothing above is decisive; see what to record"))
    seen = {(item["field"], item["value"]) for item in items}
    return items + [
        finding._asdict() for finding in found if (finding.field, finding.value) not in seen
    ]


def _senders(case: Case) -> Finding:
    around = case.around
    destination = around.destination or case.root["destination"] or "this destination"
    if around.possible:
        who = around.producer or "several services"
        return Finding("producers", who, f"spans of sends to {destination} are stored")
    return Finding("producers", "none", f"no stored span sends to {destination}")


def _others(case: Case) -> list[Finding]:
    """The hand-overs that did connect, and what differs."""
    told, around = case.facts, case.around
    found = []
    if told["producer_connected_elsewhere"]:
        found.append(
            Finding("this message", "connected elsewhere", "another consumer got its context")
        )
    mine = [each for each in around.siblings if each.service_name == case.root["service_name"]]
    if mine:
        found.append(
            Finding("other deliveries", "connected", "this consumer did continue contexts")
        )
        found += _differences(case, mine)
    elif around.siblings:
        who = _list({_name_sibling(each) for each in around.siblings})
        found.append(Finding("other consumers", who, "continue contexts of this destination"))
    elif around.injects:
        found.append(
            Finding("other consumers", "connected", "contexts of this producer arrive elsewhere")
        )
    return found


def _differences(case: Case, siblings: list[Sibling]) -> list[Finding]:
    """In what this root differs from all deliveries of its service that connected."""
    own = {
        "service.version": case.facts["service_version"],
        "instrumentation": _scope(case.facts["scope_name"], case.facts["scope_version"]),
        "consumer group": case.root["consumer_group"],
    }
    theirs: dict[str, set[str | None]] = {
        "service.version": {each.service_version for each in siblings},
        "instrumentation": {_scope(each.scope_name, each.scope_version) for each in siblings},
        "consumer group": {each.consumer_group for each in siblings},
    }
    return [
        Finding(name, value or "none", f"those that connect have {_list(theirs[name])}")
        for name, value in own.items()
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
