"""Sends that begin a trace although they belong to other work."""

import re

from analyzer.case import Case
from analyzer.conditions import Finding, condition
from analyzer.lost_sends import INNER_TOPIC


def _say_key(case: Case) -> Finding:
    service = case.root["service_name"] or "its service"
    return Finding(
        "origin",
        "beside work with its id",
        f"The send began while {service} handled a request or message with the same id.",
    )


def _say_usual(case: Case) -> Finding:
    service = case.root["service_name"] or "its service"
    to = case.root["destination"] or "this destination"
    work = sorted(case.beside & case.around.sending_work)[0]
    return Finding(
        "origin",
        "beside other work",
        f"The send began while {service} handled {work}, which usually sends to {to} itself.",
    )


def _say_recurring(case: Case) -> Finding:
    service = case.root["service_name"] or "its service"
    to = case.root["destination"] or "this destination"
    work = sorted(case.beside & case.around.recurring_work)[0]
    return Finding(
        "origin",
        "beside other work",
        f"All sends of {service} to {to} begin while it handles {work}, and none at other times.",
    )


@condition("lost send")
def lost_send(case: Case) -> bool:
    """The root is a send that should belong to other work."""
    return case.sent


@condition("beside work with its key", say=_say_key)
def beside_work_with_key(case: Case) -> bool:
    """The send began while its process served a request with one of its keys, or its service
    handled such a message."""
    return bool(case.facts["after"] == "keyed")


@condition("beside work that sends there", say=_say_usual)
def beside_sending_work(case: Case) -> bool:
    """The send began while its process handled a request or message whose like also send to
    this destination in their own traces."""
    return case.beside_sending_work


@condition("always beside such requests", say=_say_recurring)
def beside_recurring_work(case: Case) -> bool:
    """The send began while its process served a request, others there began while it served
    requests of the same name, and none at other times."""
    return case.beside_recurring_work


@condition("written in Go")
def written_in_go(case: Case) -> bool:
    """The send was recorded by a Go program."""
    return bool(case.facts["sdk_language"] == "go")


@condition("may be written in Java")
def may_be_java(case: Case) -> bool:
    """The send was recorded by a program in Java, or in a language that is not told."""
    return case.facts["sdk_language"] in (None, "java")


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
