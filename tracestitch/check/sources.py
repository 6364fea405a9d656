"""What is checked: files, a running server, or a store that no server holds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from storage.contract import StoreError
from tracestitch.api_client import Get, ask, ask_for_all, ask_in_process, open_api
from tracestitch.check.errors import CheckFailure
from tracestitch.check.verdict import Seen
from tracestitch.client_access import ClientAccess
from tracestitch.load import read_files
from tracestitch.passing_store import open_passing_store
from web.words import say_plural

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2
# A server works out its remarks in the background: it is asked so often, so long apart.
_REMARKS_TRIES = 5
_REMARKS_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Source:
    get: Get
    name: str
    """For people."""
    places: tuple[str, ...]
    """Files, or the address of a server: where a finding is, for tools that ask."""
    remarks: tuple[str, ...] = ()


@contextmanager
def open_source(
    files: Sequence[Path],
    endpoint: str,
    data_dir: str | None,
    access: ClientAccess,
    correlation_keys: Sequence[str] = (),
) -> Iterator[Source]:
    """Of the files if there are any, else of the directory, else of the server. Raises
    ClickException when it cannot be read to its end."""
    if not files:
        name = data_dir if data_dir is not None else endpoint
        with open_api(endpoint, data_dir, access, correlation_keys) as get:
            yield Source(get, name, (name,))
        return
    try:
        with open_passing_store(correlation_keys, on_disk=True) as (store, sink):
            flaws = read_files(files, sink)
            if flaws:
                raise CheckFailure("\nError: ".join(flaws))
            sink.finish()
            rejected = sink.counts.rejected
            left_out = (
                f"{say_plural(rejected, 'span')} had impossible ids or times and did not count."
            )
            yield Source(
                ask_in_process(store),
                ", ".join(map(_name, files)),
                tuple(map(str, files)),
                (left_out,) if rejected else (),
            )
    except StoreError as error:
        raise CheckFailure(str(error)) from error


def _name(file: Path) -> str:
    return "the standard input" if str(file) == "-" else str(file)


def read_answers(source: Source, *, pause: Callable[[float], None] = time.sleep) -> Seen:
    """Everything that is asked of it, once nothing waits for its analysis. Raises
    ClickException, also where there are no spans: who saw nothing cannot say that all is
    well."""
    status = _await_analysis(source, pause)
    if status["spans"] == 0:
        rejected = f" ({source.remarks[0]})" if source.remarks else ""
        raise CheckFailure(
            f"There are no spans in {source.name}, so nothing was checked.{rejected}"
        )
    edges = _read_edges(source, pause)
    return Seen(
        spans=status["spans"],
        traces=status["traces"],
        orphans=ask_for_all(source.get, "/api/v1/orphans", "orphans")["orphans"],
        groups=ask_for_all(source.get, "/api/v1/orphans/groups", "groups")["groups"],
        edges=edges["edges"],
        remarks_pending=edges.get("notes_pending", False),
    )


def _read_edges(source: Source, pause: Callable[[float], None]) -> Any:
    """With their remarks, unless the server takes too long to work them out."""
    answer = ask_for_all(source.get, "/api/v1/edges", "edges")
    for _ in range(_REMARKS_TRIES - 1):
        if not answer.get("notes_pending"):
            break
        pause(_REMARKS_PAUSE_SECONDS)
        answer = ask_for_all(source.get, "/api/v1/edges", "edges")
    return answer


def _await_analysis(source: Source, pause: Callable[[float], None]) -> dict[str, int]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        status: dict[str, int] = ask(source.get, "/api/v1/status", {})
        try:
            waiting = status["pending_spans"]
        except (KeyError, TypeError) as error:
            raise click.ClickException(f"{source.name} does not answer as tracestitch.") from error
        if waiting == 0:
            return status
        if time.monotonic() > deadline:
            raise CheckFailure(
                f"{say_plural(waiting, 'span')} of {source.name} still wait for the analysis."
            )
        pause(_PAUSE_SECONDS)
