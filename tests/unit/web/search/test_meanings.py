"""What texts that people paste into the search box may mean."""

import pytest

from web.search.meanings import LONGEST, read_meanings

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
IDS = ((int(TRACE[:16], 16), int(TRACE[16:], 16)), int(SPAN, 16))


@pytest.mark.parametrize(
    "text",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"traceparent: 00-{TRACE}-{SPAN}-01",
        f'"traceparent": "00-{TRACE.upper()}-{SPAN}-00",',
        f"traceparent=00-{TRACE}-{SPAN}-01",
        f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1",
        f"X-Amzn-Trace-Id: Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN.upper()}",
        f"{TRACE}-{SPAN}-1-{SPAN}",
        f"{TRACE}:{SPAN}:0:1",
        f"https://traces.example/trace/{TRACE}?uiFind={SPAN}",
        f"level=info trace_id={TRACE} span_id={SPAN} msg=ok",
    ],
)
def test_headers_addresses_and_log_lines_name_a_trace_and_its_span(text: str) -> None:
    meanings = read_meanings(text)
    assert meanings.traces == (IDS,)
    assert meanings.page is None


@pytest.mark.parametrize(
    "text",
    [
        TRACE,
        f"  {TRACE.upper()} \n",
        f'"{TRACE}"',
        f"`{TRACE}`,",
        f"0x{TRACE}",
        f"trace_id={TRACE}",
        f"traceId: {TRACE}",
        f'"trace.id": "{TRACE}"',
        f"1-{TRACE[:8]}-{TRACE[8:]}",
        f"{TRACE[:8]}-{TRACE[8:12]}-{TRACE[12:16]}-{TRACE[16:20]}-{TRACE[20:]}",
        f"\u200b{TRACE}\ufeff",
    ],
)
def test_a_trace_id_is_known_in_every_dress(text: str) -> None:
    meanings = read_meanings(text)
    assert meanings.traces == ((IDS[0], None),)
    assert (meanings.spans, meanings.attribute) == ((), None)


def test_the_x_ray_id_of_the_documentation() -> None:
    meanings = read_meanings("1-5759e988-bd862e3fe1be46a994272793")
    assert meanings.traces == (((0x5759E988BD862E3F, 0xE1BE46A994272793), None),)


def test_sixteen_digits_are_a_span_or_a_short_trace_id() -> None:
    meanings = read_meanings(SPAN.upper())
    assert meanings.spans == (IDS[1],)
    assert meanings.traces == (((0, IDS[1]), None),)
    assert read_meanings(f"span_id={SPAN}").traces == ()
    assert read_meanings(f"trace_id={SPAN}").spans == ()


def test_a_long_decimal_is_an_id_of_64_bits() -> None:
    number = 2**63 + 12345
    meanings = read_meanings(str(number))
    assert (meanings.spans, meanings.low_halves) == ((number,), (number,))
    assert read_meanings(f"dd.trace_id={number}").low_halves == (number,)
    for text in (str(2**64), "123", "0123456789012"):
        assert read_meanings(text).spans == read_meanings(text).low_halves == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.id=ORD-1", ("order.id", "ORD-1")),
        ("order_id = ORD 1 ", ("order.id", "ORD 1")),
        ("my.key=a=b", ("my.key", "a=b")),
        ('my.key="a b"', ("my.key", "a b")),
        ('"my.key": "a b",', ("my.key", "a b")),
        ("'my.key':7", ("my.key", "7")),
        ("my.key: 7", ("my.key", "7")),
        ("urn:uuid:7", None),
        ("12:30", None),
        ("=", None),
        ("a=", None),
        ("=a", None),
        ("plain text", None),
        ("https://shop.example/?a=b", None),
    ],
)
def test_attributes_as_people_write_them(text: str, expected: tuple[str, str] | None) -> None:
    assert read_meanings(text).attribute == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("orders/3/1042", ("orders", 3, 1042)),
        ("orders-3@1042", ("orders", 3, 1042)),
        ("my-topic-3@1042", ("my-topic", 3, 1042)),
        ("orders[3]@1042", ("orders", 3, 1042)),
        ("orders:3:1042", ("orders", 3, 1042)),
        ("orders.3.1042", ("orders", 3, 1042)),
        ("shop.orders.v2/0/0", ("shop.orders.v2", 0, 0)),
    ],
)
def test_places_of_kafka_records(text: str, place: tuple[str, int, int]) -> None:
    assert read_meanings(text).places == (place,)


@pytest.mark.parametrize("text", ["orders", "orders/3", "orders@3", "2026/01/31x", "a/b/c"])
def test_what_is_no_place(text: str) -> None:
    assert read_meanings(text).places == ()


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (f"http://127.0.0.1:8080/traces/{TRACE}#span-{SPAN}", f"/traces/{TRACE}#span-{SPAN}"),
        ("https://stitch.example/journeys?attribute=order.id=A", "/journeys?attribute=order.id=A"),
        ("/orphans?cause=S1", "/orphans?cause=S1"),
        ("https://stitch.example/orphans/0123456789ab", "/orphans/0123456789ab"),
        ("http://stitch.example/search?service=shop", "/search?service=shop"),
        ("http://stitch.example", "/"),
        ("http://stitch.example/search?q=A", None),
        ("http://stitch.example/api/v1/status", None),
        ("//evil.example/traces/a", None),
        ("/\\evil.example", None),
        ("https://[broken", None),
        ("javascript:/traces/1", None),
        (f"https://other.example/trace/{TRACE}", None),
    ],
)
def test_addresses_of_our_own_pages_lead_to_them_here(text: str, page: str | None) -> None:
    assert read_meanings(text).page == page


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *((" A ", "A"), ('"A B"', "A B"), ("“A”", "A"), ("'A',", "A"), ("<A>", "A")),
        *(('"', '"'), ("", ""), ('"a" "b"', '"a" "b"')),
    ],
)
def test_what_was_copied_along_is_left_out(text: str, plain: str) -> None:
    assert read_meanings(text).text == plain


def test_long_texts_are_cut() -> None:
    assert len(read_meanings("a" * 10**6).text) == LONGEST
    for text in ("a/" * 10**5, "[" * 10**5, '"' * 10**5, "1-" * 10**5, "{" * 10**5, "a.1" * 10**5):
        read_meanings(text)
