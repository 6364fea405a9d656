"""`tracestitch reanalyze`: everything that was made of the stored spans is made anew.

Spans go by the hundred thousand from the store into a new one beside it, with what is read
out of their attributes filled again, then the new one is analysed and takes the place of
the old. Stopped on the way, the old store is there with its answers (docs/adr/0017).
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import click

from analyzer.version import RULES_VERSION
from collector.decoding import make_decoder
from collector.refilling import Refiller
from storage.contract import SpanStore, StoreError
from storage.engines import is_shared, open_store, rewritten_store
from tracestitch.analysis import AnalysisLoop
from tracestitch.own_store import take_in_log
from tracestitch.sinks import count_of

# Half a row group of DuckDB.
BATCH_SPANS = 61_440


@dataclass(frozen=True, slots=True)
class Reanalysed:
    spans: int
    traces: int
    connections: int
    orphans: int

    def __str__(self) -> str:
        return (
            f"{count_of(self.spans, 'span')} in {count_of(self.traces, 'trace')}:"
            f" {count_of(self.connections, 'connection')},"
            f" {count_of(self.orphans, 'orphan root')}"
        )


Progress = Callable[[int], None]
"""Told so many more spans."""


def reanalyse_store(url: str, correlation_keys: Sequence[str]) -> Reanalysed:
    """Says on a terminal how far it is. Raises StoreError; the store is as it was then."""
    with rewritten_store(url) as (old, new):
        take_in_log(old, url, make_decoder(correlation_keys))
        spans = old.count_spans()
        with _shown("Reading", spans) as progress:
            refill_spans(old, new, Refiller(correlation_keys), progress)
        with _shown("Analysing", spans) as progress:
            analyse_all(new, progress)
        return _count(new)


def refill_spans(old: SpanStore, new: SpanStore, refiller: Refiller, progress: Progress) -> None:
    """All spans, and what is known of deleted ones. Raises StoreError."""
    new.note_settings(refiller.settings)
    after = 0
    while (stored := old.stored_spans(after, BATCH_SPANS)).stored.num_rows:
        new.restore(refiller.refill(stored))
        after = stored.stored["generation"][-1].as_py()
        progress(stored.stored.num_rows)
    new.restore_losses(old.losses())


def analyse_all(store: SpanStore, progress: Progress) -> None:
    """Raises StoreError."""
    analysis = AnalysisLoop(store)
    pending = store.status().pending_spans
    while analysis.run_once():
        left = store.status().pending_spans
        progress(pending - left)
        pending = left


def _count(store: SpanStore) -> Reanalysed:
    status = store.status()
    edges = store.edges().to_pylist()
    groups = store.orphan_groups().to_pylist()
    return Reanalysed(
        status.spans,
        status.traces,
        sum(edge["parent"] + edge["link"] + edge["stitch"] for edge in edges),
        sum(group["count"] for group in groups),
    )


def run_reanalysis(url: str, correlation_keys: Sequence[str]) -> None:
    """Says what came out. Raises ClickException."""
    if is_shared(url):
        _leave_to_analyzers(url)
        return
    try:
        done = reanalyse_store(url, correlation_keys)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Reanalysed {done}.")


def _leave_to_analyzers(url: str) -> None:
    """Answers alone are made anew, by those who do that anyway: a store that others use is not
    written anew beside the old one. Raises ClickException."""
    try:
        with closing(open_store(url)) as store:
            store.forget_answers(RULES_VERSION)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        "The analyzers of this store work all answers out anew, from spans as they were read"
        " when they were stored."
    )


@contextmanager
def _shown(label: str, length: int) -> Iterator[Progress]:
    """On a terminal."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update
