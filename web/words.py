"""How numbers, times and ids are said to people. Pure; every page uses these."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

# Services are told apart by this many hues (static/style.css, --s0 …).
HUES = 10
_THIN = "\u202f"  # narrow no-break space
_MINUS = "\u2212"

_SYSTEMS = {
    "aws_sqs": "SQS",
    "aws_sns": "SNS",
    "aws_eventbridge": "EventBridge",
    "aws.eventbridge": "EventBridge",
    "aws.sqs": "SQS",
    "aws.sns": "SNS",
    "aws_kinesis": "Kinesis",
    "kafka": "Kafka",
    "rabbitmq": "RabbitMQ",
    "activemq": "ActiveMQ",
    "rocketmq": "RocketMQ",
    "jms": "JMS",
    "gcp_pubsub": "Pub/Sub",
    "servicebus": "Service Bus",
    "eventhubs": "Event Hubs",
    "eventgrid": "Event Grid",
    "pulsar": "Pulsar",
    "nats": "NATS",
    "celery": "Celery",
}
_RULES = {
    "parent": "parent, sent with the message",
    "link": "link, sent with the message",
    "same-trace": "same trace",
    "message-id": "message id",
    "kafka-offset": "Kafka offset",
    "eventbridge-event-id": "EventBridge event id",
    "correlation-id": "correlation id",
    "record-key": "record key",
}
_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def say_count(number: int) -> str:
    """1204911 as 1 204 911, with thin spaces; four digits stay together."""
    return f"{number:,}".replace(",", _THIN) if abs(number) >= 10_000 else str(number)


def say_number(number: int) -> str:
    """Small numbers as a word."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else say_count(number)


def say_ordinal(number: int) -> str:
    if 0 <= number < len(_ORDINALS):
        return _ORDINALS[number]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 11 <= number % 100 <= 13 else ending}"


def say_plural(number: int, one: str, many: str | None = None) -> str:
    return f"{say_count(number)} {one if number == 1 else many or one + 's'}"


def say_deliveries(number: int) -> str:
    """What hand-overs are counted in: each attempt to hand a message to one consumer."""
    return say_plural(number, "delivery", "deliveries")


def say_duration(nano: int) -> str:
    """Nanoseconds in three digits: 96 µs, 820 ms, 1.24 s, 2 min 5 s, 3 h 12 min, 4 d 2 h."""
    if nano < 0:
        return _MINUS + say_duration(-nano)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if nano < 999.5 * size:
            return f"{_three_digits(nano / size)} {unit}"
    if nano < 59_950_000_000:
        return f"{_three_digits(nano / 1e9)} s"
    seconds = round(nano / 1e9)
    for big, small, large_unit, small_unit in (
        (60, 1, "min", "s"),
        (3600, 60, "h", "min"),
        (86_400, 3600, "d", "h"),
    ):
        if seconds < big * (24 if large_unit == "h" else 60) or large_unit == "d":
            whole, rest = divmod(seconds, big)
            parts = f"{say_count(whole)} {large_unit}"
            return f"{parts} {rest // small} {small_unit}" if rest // small else parts
    raise AssertionError("days have no upper end")


def _three_digits(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def say_tick(nano: int) -> str:
    """A round time on an axis: 0 s, 250 ms, 1.5 s."""
    return "0 s" if nano == 0 else say_duration(nano)


def say_share(part: int, whole: int) -> str:
    """Per cent, never rounded to 0 or 100 unless it is that."""
    if whole <= 0:
        return "–"
    share = 100 * part / whole
    if 0 < share < 1:
        return "< 1 %"
    if 99 < share < 100:
        return "> 99 %" if share > 99.9 else f"{share:.1f} %"
    return f"{share:.0f} %"


def say_rate(per_second: float) -> str:
    """In the unit in which it is a number to read: 12 / s, 4.2 / min, 3 / h, 2 / d."""
    for unit, size in (("s", 1), ("min", 60), ("h", 3_600)):
        if per_second * size >= 0.995:
            return f"{_say_amount(per_second * size)} / {unit}"
    return f"{_say_amount(per_second * 86_400)} / d" if per_second > 0 else "0 / s"


def say_bytes(size: int) -> str:
    """In three digits: 812 bytes, 1.24 kB, 96.1 GB."""
    for unit, power in (("bytes", 1), ("kB", 1_000), ("MB", 10**6), ("GB", 10**9)):
        if size < 999.5 * power:
            return f"{_three_digits(size / power)} {unit}"
    return f"{_say_amount(size / 1e12)} TB"


def _say_amount(value: float) -> str:
    return say_count(round(value)) if value >= 999.5 else _three_digits(value)


def say_confidence(confidence: float) -> str:
    return f"{confidence:.2f}".rstrip("0").rstrip(".") if confidence < 1 else "1"


def say_value(value: Any) -> str:
    """An attribute's or finding's value as it is read, not as JSON writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {say_value(each)}" for name, each in value.items()) or "empty"
    if isinstance(value, list):
        return ", ".join(map(say_value, value)) or "empty"
    return str(value) or "empty"


def say_system(system: str | None) -> str | None:
    return None if system is None else _SYSTEMS.get(system, system)


def say_rule(rule: str) -> str:
    return _RULES.get(rule, rule.replace("-", " "))


def say_service(service: str | None) -> str:
    return service or "unknown service"


def join_words(words: Iterable[str]) -> str:
    """a, b and c."""
    listed = list(words)
    return listed[0] if len(listed) == 1 else ", ".join(listed[:-1]) + " and " + listed[-1]


def cut_text(text: str, most: int) -> str:
    """At most so many letters, the last of them a mark that more is there."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shorten_id(text: str) -> str:
    """The first eight characters of an id; short ones whole."""
    return text if len(text) <= 12 else text[:8] + "…"


def utc_time(nano: int) -> str:
    """24 Nov 2026, 13:02:11 UTC: what is read where no script can tell the reader's zone."""
    return f"{_moment(nano):%-d %b %Y, %H:%M:%S} UTC"


def clock_time(nano: int, this_year: int) -> str:
    """24 Nov, 13:02:11: in UTC, which the page says once; with the year where it is another."""
    moment = _moment(nano)
    return f"{moment:{'%-d %b' if moment.year == this_year else '%-d %b %Y'}, %H:%M:%S}"


def iso_time(nano: int) -> str:
    """RFC 3339 with all nine digits."""
    return f"{_moment(nano):%Y-%m-%dT%H:%M:%S}.{nano % 1_000_000_000:09d}Z"


def _moment(nano: int) -> datetime:
    return datetime.fromtimestamp(nano // 1_000_000_000, UTC)


def assign_hues(services: Iterable[str]) -> Mapping[str, int]:
    """Hue by service, from all services of the store: by hash, the next free one where
    two would share it. The same on every page."""
    hues: dict[str, int] = {}
    taken: set[int] = set()
    for service in sorted(set(services)):
        hue = crc32(service.encode("utf-8", "surrogatepass")) % HUES
        if len(taken) < HUES:
            while hue in taken:
                hue = (hue + 1) % HUES
        taken.add(hue)
        hues[service] = hue
    return hues


def stable_key(*parts: str | None) -> str:
    """Twelve hex digits that name these parts, for addresses."""
    text = "\0".join("\1" if part is None else part for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
