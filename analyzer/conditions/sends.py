"""Sends that begin a trace although they belong to other work."""

import re

from analyzer.case import Case
from analyzer.conditions import Finding, condition
from analyzer.lost_sends import INNER_TOPIC


def _say_beside(case: Case) -> Finding:
    service = case.root["service_name"] or "its service"
    return Finding("origin", "beside other work", f"it began while {service} served a request")


def _say_others(case: Case) -> Finding:
    to = case.root["destination"] or "this destination"
    return Finding("other sends", "have parents", f"those of this service to {to} have them")


@condition("lost send")
def lost_send(case: Case) -> bool:
    """The root is a send that should belong to other work."""
    return case.sent


@condition("beside a request", say=_say_beside)
def beside_request(case: Case) -> bool:
    """The send began while a request of its process ran, or the handling of a message with
    one of its keys."""
    return case.facts["after"] in ("beside", "amid")


@condition("other sends have parents", say=_say_others)
def others_have_parents(case: Case) -> bool:
    """Other sends of this service to this destination belong to a request or message."""
    return case.around.sends_continue


@condition("written in Go")
def written_in_go(case: Case) -> bool:
    """The send was recorded by a Go program."""
    return bool(case.facts["sdk_language"] == "go")


@condition("sent to Kafka")
def sent_to_kafka(case: Case) -> bool:
    """The destination is a Kafka topic."""
    return case.system == "kafka"


@condition("computes streams")
def computes_streams(case: Case) -> bool:
    """The service's consumers are recorded by Kafka Streams, or it writes to topics that Kafka
    Streams makes for itself."""
    return case.around.streams


@condition("after a message with its key")
def follows_message(case: Case) -> bool:
    """The service handled a message with one of the send's keys within the five seconds before."""
    return bool(case.facts["after"] == "follows")


@condition("topic of Kafka Streams")
def inner_topic(case: Case) -> bool:
    """The topic is one that Kafka Streams makes for itself: `…-repartition`, `…-changelog`."""
    return bool(re.search(INNER_TOPIC, case.facts["own_destination"] or ""))
