"""`tracestitch load`: files of recorded spans into a sink."""

import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from collector.attribute_filter import Filter, drop_attributes
from collector.decoded import UndecodableRequest
from collector.formats.errors import UnreadableContent
from collector.formats.reading import read_requests
from collector.otlp_client import ReceiverUnreachable, RequestRefused
from storage.contract import StoreError
from tracestitch.sinks import Sink

_STDIN = Path("-")


def load_files(
    files: Sequence[Path], opened: AbstractContextManager[Sink], *, drop: Sequence[str] = ()
) -> bool:
    """Whether all could be read; says what was loaded, and a sentence for each that could
    not, whose readable beginning is loaded. Raises ClickException when the sink fails."""
    try:
        with opened as sink:
            flaws = read_files(files, sink, drop_attributes(drop))
            sink.finish()
    except (StoreError, ReceiverUnreachable, RequestRefused) as error:
        raise click.ClickException(str(error)) from error
    for flaw in flaws:
        click.echo(f"Error: {flaw}", err=True)
    click.echo(f"Loaded {sink.counts}.")
    return not flaws


def read_files(files: Sequence[Path], sink: Sink, edit: Filter = bytes) -> list[str]:
    """The files' requests, changed by `edit`, into the sink. A sentence for each file that
    cannot be read to its end, whose readable beginning is taken."""
    flaws: list[str] = []
    progress = click.progressbar(
        length=sum(_size(file) for file in files),
        label="Loading",
        file=sys.stderr,
        hidden=not sys.stderr.isatty() or _STDIN in files,
    )
    with progress:
        for file in files:
            try:
                with _open(file) as stream:
                    position = 0
                    for request in read_requests(stream):
                        sink.take(replace(request, payload=edit(request.payload)))
                        before, position = position, _position(stream)
                        progress.update(position - before)
                sink.counts.files += 1
            except OSError as error:
                flaws.append(f"{file}: cannot be read ({error.strerror or error}).")
            except UndecodableRequest as error:  # well formed, and more than a store takes
                flaws.append(f"{_name(file)}: {error}.")
            except UnreadableContent as error:
                flaws.append(f"{_name(file)}, {error}.")
            except MemoryError:  # one JSON document that unpacks to more than the machine has
                flaws.append(f"{_name(file)} needs more memory than there is; split it.")
    return flaws


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    if file == _STDIN:
        yield sys.stdin.buffer
    else:
        with file.open("rb") as stream:
            yield stream


def _name(file: Path) -> str:
    return "standard input" if file == _STDIN else str(file)


def _position(stream: BinaryIO) -> int:
    return stream.tell() if stream.seekable() else 0


def _size(file: Path) -> int:
    """Bytes of a plain file; 0 for anything else, also when it is missing."""
    try:
        told = file.stat()
    except OSError:
        return 0
    return told.st_size if stat.S_ISREG(told.st_mode) else 0
