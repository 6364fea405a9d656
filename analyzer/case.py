"""One orphan root with everything that its verdict may compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.surroundings import Surroundings

Row = Mapping[str, Any]

# Rules whose ids name one message.
_NAMING = ("message-id", "kafka-offset", "eventbridge-event-id")


@dataclass(frozen=True, slots=True)
class Case:
    root: Row
    """ORPHANS columns: system, destination, …"""
    facts: Row
    """analyzer.root_facts.FACTS."""
    around: Surroundings

    @property
    def system(self) -> str | None:
        system: str | None = self.root["system"] or self.facts["producer_system"]
        return system

    @property
    def arrived(self) -> bool:
        """A context came over the wire, its span is not stored."""
        return self.facts["missing"] is not None

    @property
    def found(self) -> bool:
        """A rule found the producer."""
        return self.facts["rule"] is not None

    @property
    def named(self) -> bool:
        """An id that names one message found the producer."""
        return self.facts["rule"] in _NAMING

    @property
    def reachable(self) -> bool:
        return self.around.possible or self.found

    @property
    def compared(self) -> tuple[bool, ...]:
        """What conditions make of facts that differ from root to root."""
        return (self.before_senders, self.before_arrivals, self.before_records)

    @property
    def before_senders(self) -> bool:
        """Its work ended before anybody is known to have sent there."""
        first = self.around.first_send
        return first is not None and self.facts["end"] < first

    @property
    def before_arrivals(self) -> bool:
        """It began before a context first arrived at this consumer."""
        first = self.around.first_arrival
        return first is not None and self.facts["start"] < first

    @property
    def before_records(self) -> bool:
        """Its record is older than all of its partition whose contexts arrived."""
        offset = self.facts["kafka_offset"]
        first = dict(self.around.first_offsets).get(self.facts["kafka_partition"])
        return offset is not None and first is not None and offset < first
