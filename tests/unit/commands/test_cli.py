"""The command line up to the work itself."""

from importlib import metadata
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tracestitch import serve as serve_module
from tracestitch.cli import main
from tracestitch.config import Address, variable
from tracestitch.security import SecuritySettings
from tracestitch.serve import ServeSettings
from tracestitch.tls import TlsFiles


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ServeSettings]:
    """What `serve` was started with."""
    settings: list[ServeSettings] = []
    monkeypatch.setattr(serve_module, "run_server", settings.append)
    return settings


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(main, arguments, env=variables)


def test_the_version_is_the_installed_one() -> None:
    assert run("--version").output == f"tracestitch, version {metadata.version('tracestitch')}\n"


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands)])
def test_every_command_has_help(command: list[str]) -> None:
    answer = run(*command, "--help")

    assert answer.exit_code == 0
    assert answer.output.startswith("Usage: ")


def test_every_flag_of_serve_and_load_has_its_variable() -> None:
    options = [
        option
        for name in ("serve", "load")
        for option in main.commands[name].params
        if isinstance(option, click.Option)
    ]

    assert options
    assert [option.envvar for option in options] == [variable(o.opts[0]) for o in options]


def test_serve_has_the_promised_defaults(started: list[ServeSettings]) -> None:
    assert run("serve").exit_code == 0
    assert started == [
        ServeSettings(
            store_url="duckdb:./data",
            grpc_address=Address("127.0.0.1", 4317),
            http_address=Address("127.0.0.1", 4318),
            web_address=Address("127.0.0.1", 8080),
            correlation_keys=(),
            grace_seconds=60,
            version=metadata.version("tracestitch"),
            retention_seconds=7 * 86_400,
            max_bytes=10**10,
        )
    ]


def test_a_flag_beats_its_variable(started: list[ServeSettings]) -> None:
    assert (
        run("serve", "--grace=1m", TRACESTITCH_GRACE="2m", TRACESTITCH_STORE="memory:").output == ""
    )
    assert started[0].grace_seconds == 60
    assert started[0].store_url == "memory:"


def test_correlation_keys_add_up_and_are_separated_by_commas_in_the_variable(
    started: list[ServeSettings],
) -> None:
    run("serve", "--correlation-key=a", "--correlation-key=b.c")
    run("serve", TRACESTITCH_CORRELATION_KEY="a, b.c")

    assert [settings.correlation_keys for settings in started] == [("a", "b.c")] * 2


def test_retention_is_a_week_and_ten_gigabytes_and_0_keeps_everything(
    started: list[ServeSettings],
) -> None:
    run("serve")
    run("serve", "--retention=36h", "--max-size=200MB")
    run("serve", "--retention=0", "--max-size=0")

    limits = [(settings.retention_seconds, settings.max_bytes) for settings in started]
    assert limits == [(7 * 86_400, 10**10), (36 * 3600, 2 * 10**8), (0, 0)]


def test_a_store_that_may_take_next_to_nothing_is_refused(started: list[ServeSettings]) -> None:
    answer = run("serve", "--max-size=199MB")

    assert answer.exit_code == 2
    assert '"199MB": a store needs at least 200MB; 0 has no limit.' in answer.output
    assert started == []


def test_the_files_of_token_and_tls_reach_the_server(started: list[ServeSettings]) -> None:
    flags = ["--token-file=t", "--tls-cert=c", "--tls-key=k", "--tls-client-ca=a"]
    answer = run("serve", *flags, "--allowed-host=traces.example", "--allowed-host=[::2]")

    assert answer.exit_code == 0
    assert started[0].security == SecuritySettings(
        Path("t"), None, TlsFiles(Path("c"), Path("k"), Path("a")), ("traces.example", "::2")
    )


def test_the_token_itself_comes_from_the_environment_only(started: list[ServeSettings]) -> None:
    assert run("serve", "--token=secret-of-mine").exit_code == 2
    assert run("serve", TRACESTITCH_TOKEN="secret-of-mine").exit_code == 0
    assert started[0].security.token == "secret-of-mine"
    assert "secret-of-mine" not in repr(started[0])


def test_origins_of_pages_add_up(started: list[ServeSettings]) -> None:
    run("serve", "--cors-origin=https://shop.example", "--cors-origin=http://localhost:3000/")

    assert started[0].cors_origins == ("https://shop.example", "http://localhost:3000")


def test_attributes_to_drop_add_up(started: list[ServeSettings]) -> None:
    run("serve", "--drop-attribute=http.request.header.cookie", "--drop-attribute=a=b")
    run("serve", TRACESTITCH_DROP_ATTRIBUTE="http.request.header.cookie,a=b")

    assert [s.drop_attributes for s in started] == [("http.request.header.cookie", "a=b")] * 2


@pytest.mark.parametrize("flags", [["--tls-cert=c"], ["--tls-key=k"], ["--tls-client-ca=c"]])
def test_half_of_tls_is_refused(flags: list[str], started: list[ServeSettings]) -> None:
    answer = run("serve", *flags)

    assert answer.exit_code == 2
    assert answer.output.splitlines()[-1] == "Error: TLS needs both --tls-cert and --tls-key."
    assert started == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TRACESTITCH_GRACE": "soon"}, ["--grace", "TRACESTITCH_GRACE", '"soon"', "90s"]),
        ({"TRACESTITCH_WEB_ADDRESS": "8080"}, ["--web-address", '"8080"', "HOST:PORT"]),
        ({"TRACESTITCH_MAX_SIZE": "big"}, ["--max-size", '"big"', "500MB"]),
        ({"TRACESTITCH_ALLOWED_HOST": "http://a"}, ["--allowed-host", "traces.example"]),
        ({"TRACESTITCH_DROP_ATTRIBUTE": ","}, ["--drop-attribute", "name of an attribute"]),
        ({"TRACESTITCH_CORRELATION_KEY": "a,,b"}, ["--correlation-key", '""', "order.id"]),
    ],
)
def test_a_bad_value_is_named_with_its_key_and_what_is_allowed(
    variables: dict[str, Any], told: list[str], started: list[ServeSettings]
) -> None:
    answer = run("serve", **variables)

    assert answer.exit_code == 2
    assert [part for part in told if part not in answer.output.splitlines()[-1]] == []
    assert started == []
