"""The names a listener answers to."""

import pytest

from collector.hosts import AllowedHosts, explain_host


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8080", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1:1"),
        *("127.1.2.3:8080", "[::1]", "[::1]:8080", " localhost ", "localhost:"),
    ],
)
def test_a_listener_on_loopback_answers_to_local_names(host: str) -> None:
    assert AllowedHosts("127.0.0.1").admit(host.encode())
    assert AllowedHosts("localhost").admit(host.encode())
    assert AllowedHosts("::1").admit(host.encode())


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "evil.example:8080", "10.0.0.1", "0.0.0.0"),
        *("127.0.0.1.evil.example", "[::2]", "", ":8080", "user@localhost", "localhost/evil"),
        *("localhost evil.example", "[::1", "localhost:80:80", "127.0.0.1\0", "lоcalhost"),
    ],
)
def test_it_answers_to_no_other(host: str) -> None:
    assert not AllowedHosts("127.0.0.1").admit(host.encode("utf-8"))


def test_given_names_and_the_bound_one_are_added() -> None:
    hosts = AllowedHosts("127.0.0.1", ["Traces.Example", "10.1.1.1"])

    assert hosts.admit(b"traces.example:443")
    assert hosts.admit(b"10.1.1.1")
    assert not hosts.admit(b"x.traces.example")
    assert AllowedHosts("box.internal", ["traces.example"]).admit(b"box.internal:8080")


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "10.0.0.1", "box.internal"])
def test_elsewhere_every_name_is_answered_until_names_are_given(bound: str) -> None:
    assert AllowedHosts(bound).admit(b"any.example")
    assert not AllowedHosts(bound).admit(b"any.example/path")
    assert not AllowedHosts(bound, ["traces.example"]).admit(b"any.example")
    assert AllowedHosts(bound, ["traces.example"]).admit(b"10.9.9.9:8080")


def test_the_refusal_is_short_and_plain_whatever_was_sent() -> None:
    told = explain_host(b"\xff<script>" * 1000)

    assert len(told) < 300
    assert told.isprintable()
