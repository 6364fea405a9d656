"""The verdict for the terminal."""

from collections.abc import Iterator

import click

from tracestitch.check.faults import Fault, describe_fault, list_faults, point_at
from tracestitch.check.findings import EXPECTATION
from tracestitch.check.verdict import Reason, Verdict
from tracestitch.terminal import clean, indent
from web.words import say_count, say_plural

_QUIET: dict[Reason, str] = {
    "expected": "expected ({}); --strict counts them",
    "allowed": "allowed ({})",
    "baseline": "in the baseline ({})",
}


def draw_verdict(verdict: Verdict, *, coloured: bool = False) -> str:
    """Broken hand-overs with cause and fix, then what did not count, then the remarks, and
    what it comes to at the end, where a log is read first."""
    lines: list[str] = []
    for hop, faults in list_faults(verdict.findings).items():
        lines += [click.style(clean(hop), bold=True) if coloured else clean(hop)]
        for fault in faults:
            lines += _describe(fault, coloured=coloured)
        lines.append("")
    quiet = list(_list_quiet(verdict))
    lines += [*quiet, ""] if quiet else []
    lines += [*(f"Remark: {clean(remark)}" for remark in verdict.remarks)]
    lines += [""] if verdict.remarks else []
    sentence = summarise(verdict)
    if coloured:
        sentence = click.style(sentence, fg="red" if verdict.findings else "green")
    return "\n".join([*lines, sentence])


def _describe(fault: Fault, *, coloured: bool) -> Iterator[str]:
    first = fault[0]
    if first.code != EXPECTATION:  # its hand-over says the same
        line = clean(describe_fault(fault))
        yield f"  {click.style(line, fg='red') if coloured else line}"
    pointer = point_at(first)
    if pointer is not None:
        yield f"  {clean(pointer)}"
    yield from indent(first.fix)


def _list_quiet(verdict: Verdict) -> Iterator[str]:
    for reason, sentence in _QUIET.items():
        codes = sorted({each.code for each, why in verdict.quiet if why == reason})
        if codes:
            yield f"Not counted: {verdict.counts[reason]} {sentence.format(', '.join(codes))}."


def summarise(verdict: Verdict) -> str:
    """In one sentence."""
    seen = verdict.seen
    looked = (
        f"{say_count(seen.propagated)} of {say_plural(seen.hand_overs, 'hand-over')} propagated, "
        f"in {say_plural(seen.traces, 'trace')} of {say_plural(seen.spans, 'span')}"
    )
    missed, roots = verdict.expectations_missed, verdict.orphan_roots
    parts = [
        *([say_plural(roots, "orphan root")] if roots else []),
        *([f"{say_plural(missed, 'expectation')} missed"] if missed else []),
    ]
    return f"{'Failed' if parts else 'Passed'}: {', '.join([*parts, looked])}."
