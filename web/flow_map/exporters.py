"""What to set so that spans come here, for each language and for a Collector. Pure.

Sources: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (variables),
https://opentelemetry.io/docs/zero-code/ (Python, Java, Node.js), pkg.go.dev of
otlptracegrpc and otlptracehttp, the READMEs of the .NET and of the Collector's exporters.
"""

from dataclasses import dataclass
from typing import Literal

Protocol = Literal["grpc", "http"]
PROTOCOLS: dict[Protocol, str] = {"grpc": "OTLP/gRPC", "http": "OTLP/HTTP"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reader's exporters reach this server."""

    grpc: str
    http: str
    secure: bool
    token: bool
    listens: bool = True
    """False where other processes take spans in: these addresses stand for theirs then."""

    def url(self, protocol: Protocol) -> str:
        return f"http{'s' if self.secure else ''}://{self.address(protocol)}"

    def address(self, protocol: Protocol) -> str:
        return self.grpc if protocol == "grpc" else self.http


@dataclass(frozen=True, slots=True)
class Guide:
    """How one language, or a Collector, sends spans: texts by protocol."""

    name: str
    note: str
    texts: dict[Protocol, tuple[str, ...]]

    @property
    def key(self) -> str:
        """Of its tab."""
        return "".join(letter for letter in self.name.lower() if letter.isalpha())


def list_guides(target: Target) -> list[Guide]:
    variables = {protocol: _variables(target, protocol) for protocol in PROTOCOLS}

    def guide(name: str, note: str, *steps: str | dict[Protocol, str]) -> Guide:
        return Guide(
            name,
            note,
            {
                protocol: (
                    variables[protocol],
                    *(step if isinstance(step, str) else step[protocol] for step in steps),
                )
                for protocol in PROTOCOLS
            },
        )

    return [
        guide(
            "Python",
            "Without a change of code; or with the SDK in code, which reads the same variables.",
            _PYTHON_COMMANDS,
            {"grpc": _PYTHON_CODE.format("grpc"), "http": _PYTHON_CODE.format("http")},
        ),
        guide("Java", "The agent instruments the libraries it knows.", _JAVA),
        guide("Node.js", "Loaded before the application; no change of code.", _NODE),
        guide(
            "Go",
            "Without a propagator Go neither sends nor continues a context.",
            {
                "grpc": _GO.format(package="otlptracegrpc"),
                "http": _GO.format(package="otlptracehttp"),
            },
        ),
        guide(".NET", "Name the sources of your own activities beside it.", _DOTNET, _DOTNET_CODE),
        Guide(
            "Collector",
            "A second exporter beside the one you have: nothing changes for your backend. It "
            "must come before sampling, or what was sampled away is missing here.",
            {protocol: (_collector(target, protocol),) for protocol in PROTOCOLS},
        ),
    ]


def reader_address(listening: str, port: int, host: str | None) -> str:
    """An address to dial: a server that listens everywhere is called as the reader calls it."""
    here, _, number = listening.rpartition(":")
    if here in ("0.0.0.0", "[::]", "::", ""):  # noqa: S104 - compared, not listened on
        here = host or "127.0.0.1"
        here = f"[{here}]" if ":" in here and not here.startswith("[") else here
    return f"{here}:{number or port}"


def _variables(target: Target, protocol: Protocol) -> str:
    return _lines(
        f"OTEL_EXPORTER_OTLP_ENDPOINT={target.url(protocol)}",
        f"OTEL_EXPORTER_OTLP_PROTOCOL={'grpc' if protocol == 'grpc' else 'http/protobuf'}",
        *(["OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<token>"] if target.token else []),
        *(["OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem"] if target.secure else []),
        "OTEL_TRACES_EXPORTER=otlp",
        "OTEL_METRICS_EXPORTER=none",
        "OTEL_LOGS_EXPORTER=none",
        "OTEL_SERVICE_NAME=order-service",
    )


def _collector(target: Target, protocol: Protocol) -> str:
    name = "otlp/tracestitch" if protocol == "grpc" else "otlphttp/tracestitch"
    if protocol == "grpc":
        endpoint = target.grpc
        tls = ["    tls:", "      ca_file: ca.pem" if target.secure else "      insecure: true"]
    else:
        endpoint = target.url("http")
        tls = ["    tls:", "      ca_file: ca.pem"] if target.secure else []
    headers = ["    headers:", "      authorization: Bearer <token>"] if target.token else []
    return _lines(
        "exporters:",
        f"  {name}:",
        f"    endpoint: {endpoint}",
        *headers,
        *tls,
        "",
        "service:",
        "  pipelines:",
        "    traces:",
        "      receivers: [otlp]",
        f"      exporters: [otlp/backend, {name}]  # the first is yours",
    )


def _lines(*lines: str) -> str:
    return "\n".join(lines)


_PYTHON_COMMANDS = """\
pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install
opentelemetry-instrument python app.py"""

_PYTHON_CODE = """\
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.{}.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)"""

_JAVA = """\
java -javaagent:opentelemetry-javaagent.jar -jar app.jar"""

_NODE = """\
npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
node --require @opentelemetry/auto-instrumentations-node/register app.js"""

_GO = """\
import (
    "go.opentelemetry.io/otel"
    "go.opentelemetry.io/otel/exporters/otlp/otlptrace/{package}"
    "go.opentelemetry.io/otel/propagation"
    "go.opentelemetry.io/otel/sdk/trace"
)

exporter, err := {package}.New(ctx) // reads the variables
if err != nil {{
    return err
}}
provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
defer provider.Shutdown(ctx)
otel.SetTracerProvider(provider)
otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
    propagation.TraceContext{{}}, propagation.Baggage{{}}))"""

_DOTNET = """\
dotnet add package OpenTelemetry.Extensions.Hosting
dotnet add package OpenTelemetry.Exporter.OpenTelemetryProtocol
dotnet add package OpenTelemetry.Instrumentation.AspNetCore"""

_DOTNET_CODE = """\
using OpenTelemetry.Trace;

builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing
    .AddAspNetCoreInstrumentation()
    .AddSource("OrderService")
    .AddOtlpExporter()); // reads the variables"""
