"""How the server itself is doing, as the pages say it."""

from dataclasses import dataclass

from web.site import Site


@dataclass(frozen=True, slots=True)
class Running:
    problem: str | None
    """Why nothing can be taken in or stored, in a sentence."""
    takes_in: bool
    spans_per_second: float | None
    """That came in during the last seconds; None where nothing counts them."""
    stored_bytes: int
    """On disk; 0 where nothing is."""


def read_running(site: Site) -> Running:
    problem = None
    try:
        site.ready()
        site.store.check()
    except Exception as error:  # noqa: BLE001 (pages tell whatever is wrong)
        problem = str(error)
    reading, usage = site.measured().pipeline, site.store.usage()
    return Running(
        problem=problem,
        takes_in=site.takes_in,
        spans_per_second=None if reading is None else reading.accepted_per_second,
        stored_bytes=usage.file_bytes + usage.log_bytes,
    )
