"""What a journey's messages did not get to, as its page tells it. Pure."""

from dataclasses import dataclass

from web.addresses import Address, destination_address
from web.journeys.journey import FoundJourney
from web.report.views import group_key_of_orphan
from web.trace_shapes import NotSeen
from web.waterfall.cast import Cast
from web.waterfall.sentences import say_fate, say_usual

MOST_SHOWN = 20
_LOOKS = {"waiting": "warn", "lost": "bad", "dead": "bad"}


@dataclass(frozen=True, slots=True)
class MissedView:
    """`sent` is when the send ended, None where its span is not in the picture; `next` what to
    look at, a text and an address."""

    state: str
    look: str
    step: str
    usual: str
    fate: str
    sent: int | None
    send: str
    next: tuple[str, str] | None


def view_not_seen(journey: FoundJourney, cast: Cast) -> list[MissedView]:
    """At most MOST_SHOWN."""
    return [_view(missed, journey, cast) for missed in journey.not_seen[:MOST_SHOWN]]


def _view(missed: NotSeen, journey: FoundJourney, cast: Cast) -> MissedView:
    by = missed["sent_by"]
    send = cast.named(**by)
    return MissedView(
        state=missed["state"],
        look=_LOOKS[missed["state"]],
        step=missed["step"],
        usual=say_usual(missed),
        fate=say_fate(missed["state"]),
        sent=None if send is None else send["end_time_unix_nano"],
        send=f"/spans/{by['trace_id']}/{by['span_id']}",
        next=_next_step(missed, journey),
    )


def _next_step(missed: NotSeen, journey: FoundJourney) -> tuple[str, str] | None:
    """A dead-letter queue only where a single one is known; else where the step reads."""
    name = missed["destination"]
    if missed["state"] == "dead":
        dead = {e["destination"] for e in journey.attempts if e["outcome"] == "dead-letter"}
        if len(dead) == 1:
            name = dead.pop()
    else:
        for root in journey.stored.orphans:
            if name is not None and root["destination"] == name and not root["expected"]:
                return f"orphan roots of {name}", f"/orphans/{group_key_of_orphan(root)}"
    if name is None:
        return None
    if missed["state"] == "lost":
        address = destination_address(None, None, name)
        return f"stuck in {name}", Address(f"{address}#stuck")
    return f"look at {name}", destination_address(None, None, name)
