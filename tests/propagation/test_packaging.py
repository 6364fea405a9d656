"""What the library needs: OpenTelemetry's API, and nothing else."""

import ast
import re
import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import tracestitch_propagation

FOLDER = Path(tracestitch_propagation.__file__).parent
MODULES = sorted(f"tracestitch_propagation.{path.stem}" for path in FOLDER.glob("[!_]*.py"))
OLDEST = (3, 10)


def list_needed(distribution: str) -> set[str]:
    """Names of the distributions that installing one of them brings, itself among them."""
    found = {distribution}
    for requirement in metadata.requires(distribution) or []:
        name, _, marker = requirement.partition(";")
        if "extra ==" not in marker:
            found |= list_needed(re.split(r"[^\w.-]", name.strip())[0].lower())
    return found


def test_installing_it_brings_nothing_but_the_api_and_what_that_needs() -> None:
    assert list_needed("tracestitch-propagation") == {
        "tracestitch-propagation",
        *list_needed("opentelemetry-api"),
    }
    assert metadata.requires("opentelemetry-api") == ["typing-extensions>=4.5.0"]


def test_every_module_works_where_nothing_else_is_installed() -> None:
    files = {
        Path(str(file.locate())).as_posix()
        for name in list_needed("opentelemetry-api")
        for file in metadata.files(name) or []
    }
    code = f"""
        import importlib, importlib.abc, importlib.machinery, sys

        FILES, OWN = {sorted(file for file in files if file.endswith(".py"))!r}, {str(FOLDER)!r}

        class NotInstalled(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                spec = importlib.machinery.PathFinder.find_spec(name, path, target)
                where = spec and spec.origin
                installed = where and "site-packages" in where and where not in FILES
                if installed:
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, NotInstalled())
        for name in {MODULES!r}:
            importlib.import_module(name)
        for name in ("opentelemetry.sdk.trace", "boto3", "confluent_kafka"):
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                continue
            raise AssertionError(name)

        from tracestitch_propagation import process_span, publish_span, sqs
        traceparent = {{"DataType": "String", "StringValue": "00-{7:032x}-{9:016x}-01"}}
        message = {{"MessageAttributes": {{"traceparent": traceparent}}}}
        with process_span("order.process", sqs.received(message, "orders")):
            with publish_span("order.publish", sqs.sending("orders")) as publishing:
                publishing.sent({{"MessageId": "m-1"}})
                assert sqs.send_arguments()["MessageAttributes"] == message["MessageAttributes"]
        """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_code_is_written_for_the_oldest_python_that_it_names() -> None:
    asked = metadata.metadata("tracestitch-propagation")["Requires-Python"]

    assert asked == f">={OLDEST[0]}.{OLDEST[1]}"
    for path in FOLDER.glob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=OLDEST)
