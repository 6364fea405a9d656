"""Numbers, times and ids as people say them."""

import pytest

from web.words import (
    HUES,
    assign_hues,
    iso_time,
    join_words,
    say_confidence,
    say_count,
    say_duration,
    say_ordinal,
    say_rule,
    say_share,
    say_system,
    shorten_id,
    stable_key,
    utc_time,
)

S = 1_000_000_000


@pytest.mark.parametrize(
    ("nano", "said"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (96_000, "96 µs"),
        (999_600, "1 ms"),
        (1_234_567, "1.23 ms"),
        (820_000_000, "820 ms"),
        (1_240_000_000, "1.24 s"),
        (12_400_000_000, "12.4 s"),
        (59_960_000_000, "1 min"),
        (125 * S, "2 min 5 s"),
        (3599 * S, "59 min 59 s"),
        (11_520 * S, "3 h 12 min"),
        (86_400 * S, "1 d"),
        (100 * 3600 * S, "4 d 4 h"),
        (-3_000_000, "−3 ms"),
    ],
)
def test_durations_have_three_digits_at_most(nano: int, said: str) -> None:
    assert say_duration(nano) == said


def test_counts_have_thin_spaces() -> None:
    assert say_count(1_204_911) == "1\u202f204\u202f911"
    assert say_count(1204) == "1204"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 9, "0 %"), (9, 9, "100 %"), (1, 3, "33 %"), (1, 900, "< 1 %"), (9999, 10_000, "> 99 %")],
)
def test_a_share_is_all_or_nothing_only_when_it_is(part: int, whole: int, said: str) -> None:
    assert say_share(part, whole) == said


def test_small_words() -> None:
    assert (say_confidence(1.0), say_confidence(0.9)) == ("1", "0.9")
    assert (say_ordinal(2), say_ordinal(11), say_ordinal(22)) == ("second", "11th", "22nd")
    assert (join_words(["a"]), join_words(["a", "b", "c"])) == ("a", "a, b and c")
    assert (shorten_id("0123456789abcdef"), shorten_id("ORD-1042")) == ("01234567…", "ORD-1042")


def test_times_keep_their_nanoseconds() -> None:
    assert iso_time(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456789Z"
    assert utc_time(1_700_000_000_123_456_789) == "14 Nov 2023, 22:13:20 UTC"


def test_services_have_hues_of_their_own_while_there_are_enough() -> None:
    services = [f"service-{number}" for number in range(HUES)]
    hues = assign_hues(services)
    assert sorted(hues.values()) == list(range(HUES))
    assert assign_hues(reversed(services)) == hues
    assert set(assign_hues([*services, "one more"]).values()) == set(range(HUES))


def test_a_hue_exists_for_any_text() -> None:
    assert assign_hues(["\ud800", ""]).keys() == {"\ud800", ""}


def test_a_key_tells_nothing_from_the_empty_text() -> None:
    assert stable_key("a", None) != stable_key("a", "")
    assert stable_key("a", "b") == stable_key("a", "b")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("eventbridge-event-id", "EventBridge event id"),
        ("kafka-offset", "Kafka offset"),
        ("sequence-number", "sequence number"),
    ],
)
def test_a_rule_writes_its_broker_as_the_broker_does(rule: str, said: str) -> None:
    assert say_rule(rule) == said


def test_a_system_is_called_by_its_name_and_an_unknown_one_as_spans_call_it() -> None:
    systems = ("aws_sqs", "celery", "servicebus", "of_ours", None)
    told = ["SQS", "Celery", "Service Bus", "of_ours", None]
    assert [say_system(system) for system in systems] == told
