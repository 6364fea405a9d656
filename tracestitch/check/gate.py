"""One check from its source to its report."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import click

from tracestitch.check.advice import advise
from tracestitch.check.baseline import read_baseline, write_baseline
from tracestitch.check.json_report import write_json
from tracestitch.check.junit_report import write_junit
from tracestitch.check.sarif_report import write_sarif
from tracestitch.check.settings import Settings
from tracestitch.check.sources import open_source, read_answers
from tracestitch.check.text_report import draw_verdict, summarise
from tracestitch.check.verdict import Verdict, judge
from tracestitch.check.writing import write_text
from tracestitch.client_access import ClientAccess
from web.words import say_plural


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says."""

    files: Sequence[Path]
    endpoint: str
    data_dir: str | None
    access: ClientAccess
    settings: Settings
    write_baseline: Path | None
    format: str
    output: Path | None


def run_check(asked: Asked) -> bool:
    """Whether it passed. Writes the report to its file or the standard output. Raises
    ClickException when nothing can be said."""
    settings = asked.settings
    # Who writes a baseline anew wants all that is there, also where there is none yet.
    reads = settings.baseline if asked.write_baseline is None else None
    known = frozenset() if reads is None else read_baseline(reads)
    with open_source(
        asked.files, asked.endpoint, asked.data_dir, asked.access, settings.correlation_keys
    ) as source:
        seen = read_answers(source)
        advice = (
            advise(source.get, seen.orphans, settings.correlation_keys) if settings.advise else []
        )
    verdict = judge(seen, settings, known)
    if asked.write_baseline is not None:
        written = write_baseline(asked.write_baseline, verdict.findings)
        click.echo(
            f"Wrote {say_plural(written, 'known finding')} to {asked.write_baseline}.", err=True
        )
        verdict = judge(seen, settings, frozenset(each.known_as for each in verdict.findings))
    verdict = replace(verdict, remarks=(*source.remarks, *verdict.remarks, *advice))
    _report(verdict, asked, source.places)
    return not verdict.findings


def _report(verdict: Verdict, asked: Asked, places: Sequence[str]) -> None:
    if asked.format == "json":
        text = write_json(verdict)
    elif asked.format == "junit":
        text = write_junit(verdict)
    elif asked.format == "sarif":
        text = write_sarif(verdict, places, metadata.version("tracestitch"))
    else:
        text = draw_verdict(verdict, coloured=asked.output is None and sys.stdout.isatty())
    if asked.output is None:
        click.echo(text)
    else:
        write_text(asked.output, text + "\n")
        click.echo(f"{summarise(verdict)} The report is {asked.output}.", err=True)
