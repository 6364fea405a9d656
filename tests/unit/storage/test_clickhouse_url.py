"""Where a ClickHouse store is."""

import pytest

from storage.clickhouse.url import Address, parse_url
from storage.contract import StoreError
from storage.engines import open_store


def test_a_url_names_everything() -> None:
    found = parse_url("clickhouses://an%40alyst:p%2Fw%3A@ch.internal:9440/traces?cluster=main")
    assert found == Address("ch.internal", 9440, True, "an@alyst", "p/w:", "traces", cluster="main")


def test_what_a_url_leaves_out_is_as_the_server_has_it() -> None:
    assert parse_url("clickhouse://ch") == Address("ch", 8123, False, "default", "", "tracestitch")
    assert parse_url("clickhouses://ch/").port == 8443


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://",
        "clickhouse://u:secret@",
        "clickhouse://u:secret@ch:port/x",
        "clickhouse://u:secret@ch:99999/x",
        "clickhouse://u:secret@ch/two/parts",
        "clickhouse://u:secret@ch/back`tick",
        "clickhouse://u:secret@ch/x?cluster=a`b",
        "clickhouse://u:secret@ch/x?unknown=1",
        "clickhouse://u:secret@ch/x?cluster",
        "clickhouse://u:secret@ch/x#part",
        "clickhouse://u:secret@[ch/x",
    ],
)
def test_an_odd_url_is_refused_in_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        parse_url(url)
    assert "secret" not in str(refused.value)
    assert str(refused.value).endswith(".") or "cluster" in str(refused.value)


def test_an_address_shows_no_secret() -> None:
    address = parse_url("clickhouse://someone:secret@ch/x")
    assert "secret" not in repr(address)
    assert str(address) == "ch:8123/x"


def test_a_mistyped_scheme_does_not_show_the_password() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("clickhose://u:secret@ch/x")
    assert "secret" not in str(refused.value)
