"""Which picture an address asks for: the journey of an attribute or of a trace, or a trace."""

from dataclasses import dataclass
from urllib.parse import quote

from analyzer.ancestry import TraceId
from storage.contract import SpanStore
from web.errors import ParameterError
from web.journeys.journey import FoundJourney, find_journey_of_attribute, find_journey_of_trace
from web.journeys.trace import FoundTrace, find_trace
from web.journeys.usual import Usual
from web.parameters import Parameters
from web.rows import trace_hex

# A few spans may have very many hand-overs, each with its evidence; the JSON has them all.
MOST_HANDOVERS = 10_000
NAMES = ("attribute", "trace_id", "trace")


@dataclass(frozen=True, slots=True)
class AskedPicture:
    """One of the three is given: `trace_id` asks for the journey of a trace, `trace` for it
    alone."""

    attribute: tuple[str, str] | None = None
    trace_id: TraceId | None = None
    trace: TraceId | None = None

    @property
    def query(self) -> str:
        """As parameters of an address."""
        if self.attribute is not None:
            return f"attribute={quote('='.join(self.attribute), safe='=', errors='replace')}"
        if self.trace_id is not None:
            return f"trace_id={trace_hex(*self.trace_id)}"
        return f"trace={trace_hex(*(self.trace or (0, 0)))}"

    @property
    def page(self) -> str:
        """The address of the page, which may be followed by parameters."""
        if self.trace is not None:
            return f"/traces/{trace_hex(*self.trace)}?"
        return f"/journeys?{self.query}&"

    @property
    def json(self) -> str:
        if self.trace is not None:
            return f"/api/v1/traces/{trace_hex(*self.trace)}"
        return f"/api/v1/journeys?{self.query}"

    def find(
        self, store: SpanStore, settled_before_unix_nano: int, usual: Usual | None = None
    ) -> FoundJourney | FoundTrace:
        """With at most MOST_HANDOVERS of them. Raises NotFoundError."""
        before, most = settled_before_unix_nano, MOST_HANDOVERS
        if self.attribute is not None:
            return find_journey_of_attribute(
                store, *self.attribute, before, usual=usual, most_handovers=most
            )
        if self.trace_id is not None:
            return find_journey_of_trace(
                store, self.trace_id, before, usual=usual, most_handovers=most
            )
        return find_trace(store, self.trace or (0, 0), before, most_handovers=most)


def read_asked(given: Parameters) -> AskedPicture:
    """Raises ParameterError unless exactly one is given. A page of journeys does not take
    `trace`; its parameters say so."""
    asked = AskedPicture(given.attribute(), given.trace_id(), given.trace_id("trace"))
    if (asked.attribute, asked.trace_id, asked.trace).count(None) != 2:
        raise ParameterError("attribute", "Give either attribute=key=value or trace_id.")
    return asked
