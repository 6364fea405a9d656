"""What a reader is told to set: it has to work as it stands."""

import ast
import re

import pytest
import yaml

from web.flow_map.exporters import PROTOCOLS, Guide, Protocol, Target, list_guides, reader_address

PLAIN = Target("127.0.0.1:4317", "127.0.0.1:4318", secure=False, token=False)
GUARDED = Target("traces.example:4317", "traces.example:4318", secure=True, token=True)


def guide(name: str, target: Target = PLAIN) -> Guide:
    return next(each for each in list_guides(target) if each.name == name)


def collector(protocol: Protocol, target: Target = PLAIN) -> tuple[str, dict[str, object]]:
    """Name and settings of the exporter that a configuration adds."""
    (text,) = guide("Collector", target).texts[protocol]
    told = yaml.safe_load(text)
    ((name, settings),) = told["exporters"].items()
    assert told["service"]["pipelines"]["traces"] == {
        "receivers": ["otlp"],
        "exporters": ["otlp/backend", name],
    }
    return name, settings


def test_every_language_has_its_variables_for_both_protocols() -> None:
    guides = list_guides(PLAIN)
    assert [each.name for each in guides] == [
        *("Python", "Java", "Node.js", "Go", ".NET", "Collector"),
    ]
    for each in guides[:-1]:
        grpc, http = (each.texts[protocol][0].splitlines() for protocol in PROTOCOLS)
        assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317" in grpc
        assert "OTEL_EXPORTER_OTLP_PROTOCOL=grpc" in grpc
        assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in http
        assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in http
        assert all(re.fullmatch(r"OTEL_[A-Z_]+=\S+", line) for line in (*grpc, *http))


def test_a_collector_adds_this_server_beside_its_backend() -> None:
    assert collector("grpc") == (
        "otlp/tracestitch",
        {"endpoint": "127.0.0.1:4317", "tls": {"insecure": True}},
    )
    assert collector("http") == ("otlphttp/tracestitch", {"endpoint": "http://127.0.0.1:4318"})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_token_and_certificate_are_told_where_they_are_needed(protocol: Protocol) -> None:
    settings = collector(protocol, GUARDED)[1]
    assert settings["headers"] == {"authorization": "Bearer <token>"}
    assert settings["tls"] == {"ca_file": "ca.pem"}
    variables = guide("Go", GUARDED).texts[protocol][0].splitlines()
    assert "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<token>" in variables
    assert "OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem" in variables
    plain = "".join(guide("Go").texts[protocol])
    assert "HEADERS" not in plain
    assert "CERTIFICATE" not in plain


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_code_is_of_the_protocol(protocol: Protocol) -> None:
    python = guide("Python").texts[protocol][-1]
    ast.parse(python)
    assert f"opentelemetry.exporter.otlp.proto.{protocol}.trace_exporter" in python
    go = guide("Go").texts[protocol][-1]
    assert go.count(f"otlptrace{protocol}") == 2
    assert "SetTextMapPropagator" in go
    assert go.count("{") == go.count("}")


@pytest.mark.parametrize(
    ("listening", "host", "told"),
    [
        ("127.0.0.1:4317", "traces.example", "127.0.0.1:4317"),
        ("0.0.0.0:4317", "traces.example", "traces.example:4317"),
        ("[::]:4317", "traces.example", "traces.example:4317"),
        ("0.0.0.0:4317", "fd00::1", "[fd00::1]:4317"),
        ("", None, "127.0.0.1:4317"),
        ("10.0.0.7:14317", "10.0.0.8", "10.0.0.7:14317"),
    ],
)
def test_a_server_that_listens_everywhere_is_called_as_its_reader_calls_it(
    listening: str, host: str | None, told: str
) -> None:
    assert reader_address(listening, 4317, host) == told
