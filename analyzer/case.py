"""One orphan root with everything that its verdict may compare."""

import re
from dataclasses import dataclass

from analyzer.bridges import INVOKES
from analyzer.carriers import find_library
from analyzer.surroundings import Surroundings
from storage.results import Row

# A UUID of which the end is missing.
_CUT_UUID = re.compile(r"[0-9a-f]{8}-(?=[0-9a-f-]{0,26}$)([0-9a-f]{4}-){0,3}[0-9a-f]*")
HOUR_NANO = 3_600 * 10**9
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
        named: str | None = self.root["system"] or self.facts["producer_system"]
        return named or self.around.system

    @property
    def in_function(self) -> bool:
        """A function (AWS Lambda) handles the message."""
        return bool(self.facts["function"] or self.facts["trigger"] == "pubsub")

    @property
    def bridges(self) -> frozenset[str]:
        """Systems that could have delivered the message where nobody sends directly. Not all
        can invoke a function, and some libraries name the queue that did. Where sends about
        the same work are known, one of theirs."""
        if self.system is not None or not self.in_function:
            return self.around.bridges
        library = find_library(self.facts["scope_name"], self.facts["scope_version"])
        names_queues = library is not None and library.reads is not None
        able = self.around.bridges & (INVOKES - {"aws_sqs"} if names_queues else INVOKES)
        return (able & {self.facts["candidate_system"]}) or able

    @property
    def sent(self) -> bool:
        """It is a send that lost the work it belongs to."""
        return bool(self.facts["part"] == "send")

    @property
    def beside(self) -> frozenset[str]:
        """Names of what its process handled when a send began."""
        return frozenset((self.facts["beside"] or "").split("\n")) - {""}

    @property
    def beside_sending_work(self) -> bool:
        """A send beside work whose like sends there too, as part of its own trace."""
        return not self.beside.isdisjoint(self.around.sending_work)

    @property
    def beside_recurring_work(self) -> bool:
        """A send beside a request, as all others there."""
        return not self.around.sends_alone and not self.beside.isdisjoint(
            self.around.recurring_work
        )

    @property
    def lost(self) -> bool:
        """A send that belongs to other work, by some sign of it. A scheduler's may share an
        id with a request now and then."""
        keyed = self.facts["after"] in ("keyed", "follows")
        alone = self.around.sends_alone and not self.around.sending_work
        return (
            self.around.streams
            or self.beside_sending_work
            or self.beside_recurring_work
            or (keyed and not alone)
        )

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
        return (
            self.before_senders,
            self.before_records,
            self.below_threshold,
            self.above_threshold,
            self.id_cut,
            self.long_after,
        )

    @property
    def before_senders(self) -> bool:
        """Its work ended before anybody is known to have sent there."""
        first = self.around.first_send
        return first is not None and self.facts["end"] < first

    @property
    def before_records(self) -> bool:
        """Its record is older than all of its partition whose contexts arrived."""
        offset = self.facts["kafka_offset"]
        first = dict(self.around.first_offsets).get(self.facts["kafka_partition"])
        return offset is not None and first is not None and offset < first

    @property
    def thresholds(self) -> list[int]:
        """By which those who send there were sampled."""
        return [int(threshold, 16) for threshold in self.around.sender_thresholds]

    @property
    def below_threshold(self) -> bool:
        """The trace that the context names cannot have been sampled by any of them."""
        random = self.facts["missing_random"]
        return random is not None and random < min(self.thresholds, default=0)

    @property
    def above_threshold(self) -> bool:
        """… must have been sampled by all of them."""
        random, thresholds = self.facts["missing_random"], self.thresholds
        return random is not None and bool(thresholds) and random >= max(thresholds)

    @property
    def id_cut(self) -> bool:
        return bool(_CUT_UUID.fullmatch(self.facts["message_id"] or ""))

    @property
    def long_after(self) -> bool:
        """An hour or more after the producer that was found ended."""
        gap = self.facts["gap"]
        return gap is not None and gap >= HOUR_NANO
