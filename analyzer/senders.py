"""What the sends that a message may come from have in common."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from analyzer.stable_facts import FIRSTS
from storage.results import Row


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """As Surroundings has them, and the services and systems."""

    services: frozenset[str | None]
    systems: frozenset[str | None]
    destination: str | None
    producer: str | None
    scopes: frozenset[str]
    languages: frozenset[str]
    thresholds: frozenset[str]
    epoch: bool
    first: int | None


class Senders:
    """Facts of sends. Those that many roots may come from are told once."""

    def __init__(self, facts: list[Row]) -> None:
        self.facts = facts
        self._told: dict[tuple[str | None, str | None], SenderFacts] = {}

    def __bool__(self) -> bool:
        return bool(self.facts)

    @cached_property
    def _services(self) -> dict[str, set[str | None]]:
        """By system."""
        services: dict[str, set[str | None]] = defaultdict(set)
        for fact in self.facts:
            if fact["system"]:
                services[fact["system"]].add(fact["service_name"])
        return services

    def systems_of_others(self, service: str | None) -> frozenset[str]:
        """Systems that other services than this one send over."""
        return frozenset(s for s, services in self._services.items() if services != {service})

    @property
    def systems(self) -> frozenset[str]:
        return frozenset(self._services)

    @cached_property
    def first(self) -> int | None:
        """When the first of them started, ns; 0 when that was deleted."""
        return min((f[FIRSTS[0]] for f in self.facts), default=None)

    def tell(self, namespace: str | None, domain: str | None) -> SenderFacts:
        """Of those whose span names begin with the domain, where that is given and there are
        such; of them those of the namespace, where there are such."""
        if (namespace, domain) not in self._told:
            facts = self.facts
            if domain is not None:
                facts = [f for f in facts if f["span_name"].lower().startswith(domain)] or facts
            own = [f for f in facts if f["service_namespace"] == namespace]
            self._told[namespace, domain] = _tell(own or facts)
        return self._told[namespace, domain]


def _tell(facts: list[Row]) -> SenderFacts:
    services = frozenset(f["service_name"] for f in facts)
    return SenderFacts(
        services=services,
        systems=frozenset(f["system"] for f in facts),
        destination=only({f["destination"] for f in facts}),
        producer=only(services),
        scopes=frozenset(f["scope_name"] or "" for f in facts),
        languages=frozenset(f["sdk_language"] for f in facts if f["sdk_language"]),
        thresholds=frozenset(f["sampling_threshold"] for f in facts if f["sampling_threshold"]),
        epoch=any(f["epoch_trace"] for f in facts),
        first=min((f[FIRSTS[0]] for f in facts), default=None),
    )


def only(names: frozenset[str | None] | set[str | None]) -> str | None:
    """The one that there is, None where there are more."""
    return next(iter(names)) if len(names) == 1 else None
