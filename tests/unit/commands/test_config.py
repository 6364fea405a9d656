"""What flags and variables may say."""

import pytest

from tracestitch.config import (
    Address,
    environment_without_access,
    parse_address,
    parse_correlation_key,
    parse_duration,
    parse_origin,
    parse_size,
    variable,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:4317", Address("127.0.0.1", 4317)),
        ("localhost:0", Address("localhost", 0)),
        ("otel-collector.internal:65535", Address("otel-collector.internal", 65535)),
        ("[::1]:8080", Address("::1", 8080)),
        (" 0.0.0.0:1 ", Address("0.0.0.0", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "4317", ":4317", "host:", "host:65536", "host:-1", "host:４３１７", "::1:80"),
        *("[::1]", "[x]:1", "http://host:1", "a b:1", "host:1/path", "host:99999999999999999999"),
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="an address is HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_addresses_are_known(host: str) -> None:
    assert Address(host, 1).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example.org"])
def test_all_other_addresses_are_reachable_from_elsewhere(host: str) -> None:
    assert not Address(host, 1).is_loopback


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800), ("0", 0), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "s", "1.5h", "-1s", "1w", "1 s", "9999999999d", "١s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("10GB", 10**10), ("1b", 1), ("2TB", 2 * 10**12), ("0", 0)],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "500", "MB", "1.5GB", "-1MB", "1MiB", "1PB", "1 MB"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="a size is"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", " ", "order.id=5", "x" * 257])
def test_a_correlation_key_is_the_name_of_an_attribute(text: str) -> None:
    with pytest.raises(ValueError, match="a correlation key is"):
        parse_correlation_key(text)


def test_the_server_of_the_demo_is_told_of_no_token_and_no_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TOKEN", "TOKEN_FILE", "TLS_CERT", "TLS_CLIENT_CA", "GRACE"):
        monkeypatch.setenv(f"TRACESTITCH_{name}", "set")
    left = environment_without_access()

    assert [name for name in left if name.startswith("TRACESTITCH_")] == ["TRACESTITCH_GRACE"]


def test_a_flag_has_its_variable() -> None:
    assert variable("--tls-client-ca") == "TRACESTITCH_TLS_CLIENT_CA"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTP://Localhost:3000/ ", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("*", "*"),
    ],
)
def test_an_origin_is_as_browsers_write_it(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop.example",
        "https://",
        "https://shop.example/path",
        "https://*.example",
        "null",
        "**",
    ],
)
def test_anything_else_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError, match="an origin is SCHEME"):
        parse_origin(text)
