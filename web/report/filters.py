"""Filters of the orphan report, the same for pages, JSON and CSV."""

from analyzer.breakages import STATES
from analyzer.causes import load_causes
from storage.contract import OrphanQuery
from web.errors import ParameterError
from web.parameters import Parameters
from web.report.groups import OrphanFilter

# Those that a reader sets, in their order on the page.
SHOWN = ("cause", "service", "destination", "state", "from", "to")
FILTERS = (*SHOWN, "settled", "expected")


def read_filter(given: Parameters, settled_before_unix_nano: int) -> OrphanFilter:
    """Raises ParameterError; a cause that nobody knows is no filter either."""
    cause = given.text("cause")
    if cause is not None and cause not in load_causes():
        known = ", ".join(load_causes())
        raise ParameterError("cause", f"cause must be one of {known}.")
    start, end = given.span_of_time()
    return OrphanFilter(
        OrphanQuery(
            trace=given.trace_id(),
            cause=cause,
            service=given.text("service"),
            destination=given.text("destination"),
            expected=given.flag("expected"),
            settled=given.flag("settled"),
            settled_before_unix_nano=settled_before_unix_nano,
            start=start,
            end=end,
        ),
        state=given.word("state", STATES),
    )
