"""The exporters that are tried: what they need, how they are built, how they are run."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).parent
_BUILD_SECONDS = 900


class NotRun(Exception):
    """Why a client cannot be run on this machine."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that is run with: grpc or http, HOST:PORT, the number of spans, the
    milliseconds between them. It prints the trace id when everything is sent."""

    name: str
    tools: tuple[str, ...]
    """Commands that have to be there."""
    build: Callable[[Path], None]
    """Into a directory that holds its sources. Raises CalledProcessError."""
    command: Callable[[Path], list[str]]
    helped: Mapping[str, str] = field(default_factory=dict)
    """By protocol, why the program sends again what the exporter gave up."""


def prepare(client: Client, directory: Path) -> list[str]:
    """Its command, built below `directory`. Raises NotRun."""
    missing = [tool for tool in client.tools if shutil.which(tool) is None]
    if missing:
        raise NotRun(f"{', '.join(missing)} not found")
    place = directory / client.name
    sources = SOURCES / client.name
    if sources.is_dir():
        shutil.copytree(sources, place, dirs_exist_ok=True)
    try:
        client.build(place)
    except subprocess.SubprocessError as error:
        raise NotRun(f"cannot be built: {_last_line(error)}") from error
    return client.command(place)


def _last_line(error: subprocess.SubprocessError) -> str:
    said = error.stdout if isinstance(error, subprocess.CalledProcessError) else ""
    return (said or str(error)).strip().splitlines()[-1]


def _run(directory: Path, *commands: Iterable[str]) -> None:
    for command in commands:
        subprocess.run(
            list(command),
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=_BUILD_SECONDS,
        )


def _build_go(directory: Path) -> None:
    _run(directory, ("go", "build", "-o", "program", "."))


def _build_node(directory: Path) -> None:
    install = "npm install --no-package-lock --ignore-scripts --no-audit --no-fund"
    _run(directory, install.split())


def _build_java(directory: Path) -> None:
    classes = "mvn -q -B dependency:build-classpath -Dmdep.outputFile=classpath"
    _run(directory, classes.split())


def _java_command(directory: Path) -> list[str]:
    classes = (directory / "classpath").read_text("utf-8").strip()
    return ["java", "-cp", classes, str(directory / "Exporter.java")]


PYTHON = Client(
    name="python",
    tools=(),
    build=lambda _: None,
    command=lambda _: [sys.executable, "-m", "tests.interop.python_exporter"],
)
GO = Client(
    name="go",
    tools=("go",),
    build=_build_go,
    command=lambda directory: [str(directory / "program")],
    helped={"http": "otlptracehttp does not try a refused connection again"},
)
NODE = Client(
    name="node",
    tools=("node", "npm"),
    build=_build_node,
    command=lambda directory: ["node", str(directory / "exporter.js")],
    helped={"grpc": "exporter-trace-otlp-grpc never tries again"},
)
JAVA = Client("java", ("java", "mvn"), _build_java, _java_command)
# Sends nothing by itself: it passes on what the Python exporter sends it.
COLLECTOR = Client("collector", ("go",), _build_go, lambda directory: [str(directory / "program")])
CLIENTS = (PYTHON, GO, NODE, JAVA, COLLECTOR)
