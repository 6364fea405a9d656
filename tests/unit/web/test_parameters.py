"""How query parameters are read."""

import pytest
from starlette.datastructures import QueryParams

from web.errors import ParameterError
from web.parameters import Parameters, parse_span_id, parse_trace_id


def read(query: str) -> Parameters:
    allowed = ["attribute", "from", "to", "min_duration", "limit", "cursor", "flag", "word"]
    return Parameters(QueryParams(query), allowed)


NOON = 1_769_860_800_000_000_000  # 2026-01-31T12:00:00Z


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        (str(NOON), NOON),
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31 12:00:00Z", NOON),
        ("2026-01-31T12:00:00.5Z", NOON + 500_000_000),
        ("2026-01-31T12:00:00.123456789Z", NOON + 123_456_789),
        ("2026-01-31T12:00:00.1234567899Z", NOON + 123_456_789),
        ("2026-01-31T14:00:00%2B02:00", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),  # the plus arrives as a space
        ("2026-01-31T10:30:00-01:30", NOON),
    ],
)
def test_an_instant_is_nanoseconds_or_rfc_3339(text: str, instant: int) -> None:
    assert read(f"from={text}").instant("from") == instant


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1500", 1500),
        ("7ns", 7),
        ("3us", 3_000),
        ("3µs", 3_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("90s", 90_000_000_000),
        ("15m", 900_000_000_000),
        ("12h", 43_200_000_000_000),
        ("7d", 604_800_000_000_000),
        ("999999999999999d", 2**63 - 1),
    ],
)
def test_a_duration_is_nanoseconds_or_has_a_unit(text: str, nanoseconds: int) -> None:
    assert read(f"min_duration={text}").duration("min_duration") == nanoseconds


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("order.id=123", ("order.id", "123")),
        ("order_id=123", ("order.id", "123")),
        ("app.order.id=a=b==", ("order.id", "a=b==")),
        ("Order.Id=1", ("Order.Id", "1")),
        ("customer= x ", ("customer", " x ")),
    ],
)
def test_the_first_equals_sign_splits_an_attribute(text: str, attribute: tuple[str, str]) -> None:
    params = Parameters(QueryParams({"attribute": text}), ["attribute"])
    assert params.attribute() == attribute


def test_what_is_not_given_or_empty_is_none() -> None:
    for query in ("", "attribute=&from=&to=&min_duration=&limit=&cursor=&flag=&word="):
        given = read(query)
        assert given.attribute() is None
        assert given.span_of_time() == (None, None)
        assert given.duration("min_duration") is None
        assert given.flag("flag") is None
        assert given.word("word", ("a", "b")) is None
        assert (given.page().limit, given.page().after) == (100, None)


def test_flags_and_words_do_not_mind_case() -> None:
    given = read("flag=TRUE&word=Link")
    assert given.flag("flag") is True
    assert given.word("word", ("parent", "link")) == "link"


def test_the_limit_reaches_from_one_to_a_thousand() -> None:
    assert [read(f"limit={limit}").limit() for limit in (1, 1000)] == [1, 1000]


def test_a_message_lists_what_is_known_and_cuts_what_is_long() -> None:
    with pytest.raises(ParameterError, match="Known here: attribute, cursor") as raised:
        read("x" * 10_000 + "=1")
    assert len(str(raised.value)) < 300


def test_ids_are_hex_of_either_case() -> None:
    assert parse_trace_id("00000000000000010000000000000002") == (1, 2)
    assert parse_trace_id("F" * 32) == (2**64 - 1, 2**64 - 1)
    assert parse_span_id("00000000000000aB") == 171
    with pytest.raises(ParameterError, match="16 hex digits"):
        parse_span_id("0" * 16)
