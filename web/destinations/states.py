"""Whether a destination's hand-overs are broken now, as the report judges them. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from web.destinations.shapes import DestinationSummary
from web.report.views import Report
from web.shapes import Group

Standing = Literal["broken", "unsettled", "healed", "expected"]


class Standings:
    """Of all destinations. What has no orphan root has none."""

    def __init__(self, report: Report) -> None:
        self._groups: dict[str | None, list[tuple[Standing, Group]]] = defaultdict(list)
        listed: tuple[tuple[Standing, Iterable[Group]], ...] = (
            ("broken", (view.group for view in report.broken)),
            ("unsettled", (view.group for view in report.unsettled)),
            ("healed", (view.group for view in report.healed)),
            ("expected", (view.group for view in report.expected_edges)),
        )
        for standing, groups in listed:
            for group in groups:
                self._groups[group["destination"]].append((standing, group))

    def of(self, place: DestinationSummary) -> Standing | None:
        """The worst. Consumers that do not tell their queue are looked for among its own."""
        named, silent = self._groups.get(place["destination"], []), self._groups.get(None, [])
        found = {standing for standing, group in (*named, *silent) if _is_over(group, place)}
        order: tuple[Standing, ...] = ("broken", "unsettled", "healed", "expected")
        return next((standing for standing in order if standing in found), None)


def _is_over(group: Group, place: DestinationSummary) -> bool:
    return (
        group["system"] in (None, place["system"])
        and group["scope"] in (None, place["scope"])
        and group["destination"] in (None, place["destination"])
        and (group["consumer_service"] or "") in [name or "" for name in place["consumers"]]
    )
