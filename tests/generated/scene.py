"""What is recorded while a generated pipeline runs: spans, and the truth about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.builders import Built, link, span

HAS_IS_REMOTE, IS_REMOTE, SAMPLED = 0x100, 0x200, 0x01

Ids = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one environment and namespace; its clock runs `skew` seconds ahead."""

    name: str
    environment: str | None
    namespace: str | None
    language: str
    skew: float = 0.0
    version: str = "1.4.0"

    def resource(self) -> dict[str, str]:
        told = {"telemetry.sdk.language": self.language, "service.version": self.version}
        if self.environment:
            told["deployment.environment.name"] = self.environment
        if self.namespace:
            told["service.namespace"] = self.namespace
        return told


@dataclass(frozen=True, slots=True)
class Context:
    """Trace id and span id, what a message carries."""

    trace: int
    span: int

    @property
    def ids(self) -> Ids:
        return f"{self.trace:032x}", f"{self.span:016x}"


@dataclass
class Scene:
    spans: dict[Context, Built] = field(default_factory=dict)
    orders: dict[Ids, frozenset[str]] = field(default_factory=dict)
    """Which orders a span handled."""
    edges: list[dict[str, Any]] = field(default_factory=list)
    orphan_roots: list[dict[str, Any]] = field(default_factory=list)
    unsampled: set[Context] = field(default_factory=set)
    """Contexts that say of themselves that nobody exports their span."""
    trace_states: dict[int, str] = field(default_factory=dict)
    """By trace, where a sampler writes one."""
    _traces: int = 0
    _numbers: int = 0

    def new_trace(self) -> int:
        """Ids whose first half is no time: X-Ray's are told apart by theirs."""
        self._traces += 1
        return (0xABCD << 112) + self._traces

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def record(
        self,
        service: Service,
        name: str,
        *,
        at: float,
        duration: float = 0.02,
        parent: Context | None = None,
        remote: bool = False,
        trace: int | None = None,
        kind: str = "INTERNAL",
        scope: tuple[str, str] = ("app", "1"),
        attributes: dict[str, Any] | None = None,
        links: Sequence[Any] = (),
        orders: Iterable[str] = (),
        status: str = "UNSET",
        dropped_attributes: int = 0,
    ) -> Context:
        """A span, started `at` seconds by the true time."""
        context = Context(
            parent.trace if parent else trace or self.new_trace(), 0x1000 + self.next_number()
        )
        flags = HAS_IS_REMOTE | (IS_REMOTE if remote else 0)
        if service.language != "python":  # whose exporter never writes the lower bits
            flags |= SAMPLED
        self.spans[context] = span(
            name,
            trace=context.trace,
            id=context.span,
            parent=parent.span if parent else None,
            kind=kind,
            service=service.name,
            at=at + service.skew,
            duration=duration,
            attributes=attributes,
            links=links,
            status=status,
            scope=scope[0],
            scope_version=scope[1],
            flags=flags,
            resource=service.resource(),
            trace_state=self.trace_states.get(context.trace, ""),
            dropped_attributes_count=dropped_attributes,
        )
        self.orders[context.ids] = frozenset(orders)
        return context

    def sample(self, trace: int, *, kept: bool) -> None:
        """A sampler that keeps half of all traces says so in their trace states."""
        state = f"ot=th:8;rv:f{trace % 2**52:013x}" if kept else f"ot=rv:1{trace % 2**52:013x}"
        self.trace_states[trace] = state
        for context, built in self.spans.items():
            if context.trace == trace:
                built.message.trace_state = state

    def link(self, service: Service, context: Context, attributes: dict[str, Any]) -> Any:
        flags = HAS_IS_REMOTE | IS_REMOTE
        if service.language != "python" and context not in self.unsampled:
            flags |= SAMPLED
        return link(
            trace=context.trace,
            id=context.span,
            attributes=attributes,
            flags=flags,
            trace_state=self.trace_states.get(context.trace, ""),
        )

    def drop(self, contexts: Iterable[Context]) -> None:
        """Spans that were never exported."""
        for context in contexts:
            self.spans.pop(context, None)

    def truth(self) -> dict[str, Any]:
        """As in a truth.json, for the spans that were exported."""
        stored = {context.ids for context in self.spans}

        def is_stored(end: dict[str, str] | None) -> bool:
            return end is not None and (end["trace_id"], end["span_id"]) in stored

        edges = [
            edge
            | {
                "producer_exported": is_stored(edge["producer"]),
                "consumer_exported": is_stored(edge["consumer"]),
            }
            for edge in self.edges
        ]
        return {
            "edges": edges,
            "orphan_roots": [root for root in self.orphan_roots if is_stored(root)],
        }


def ids(context: Context) -> dict[str, str]:
    trace_id, span_id = context.ids
    return {"trace_id": trace_id, "span_id": span_id}
