"""Which reports belong to which edges of the map. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from storage.results import GROUP_EDGE
from web.report.views import GroupView
from web.shapes import Edge, Group, Identity, SentTo

_TOLD_BY_PRODUCERS = ("system", "destination", "scope", "consumer_group")

Place = tuple[str | None, ...]
Reports = Mapping[Place, Mapping[Place, str]]
"""By edge: addresses of reports, by what they count as one edge."""


def edge_place(edge: Identity) -> Place:
    """What the report counts as one edge (GROUP_EDGE)."""
    told: Mapping[str, str | None] = {**edge, "service_name": edge["consumer_service"]}  # type: ignore[dict-item] # texts, all of them
    return tuple(told[name] for name in GROUP_EDGE)


def place_of(group: Group) -> Place:
    """Where a map shows what broke."""
    sender = group["producer_service"]
    return _send_place(group, group, sender) if group["is_send"] else edge_place(group)


def find_reports(views: Iterable[GroupView], edges: Iterable[Edge]) -> Reports:
    """On the edges of these groups, by edge: of several causes of one the largest. A delivery
    that does not tell its queue is on the edge that its producer tells. Sends that broke are on
    the way to where they were sent."""
    places = {place for edge in edges for place in (edge_place(edge), *send_places(edge))}
    told: dict[Place, str] = {}
    for view in sorted(views, key=lambda view: (-view.broken, view.key)):
        told.setdefault(place_of(view.group), f"/orphans/{view.key}")
    found: dict[Place, dict[Place, str]] = {}
    for group, address in told.items():
        like = [group] if group in places else [each for each in places if _fits(each, group)]
        for place in like:
            found.setdefault(place, {})[group] = address
    return found


def report_of(edge: Edge, reports: Reports) -> str | None:
    """Its address, None for an edge that has none."""
    return min(reports.get(edge_place(edge), {}).values(), default=None)


def send_places(edge: Edge) -> list[Place]:
    """What its producer sends to the destinations of its messages."""
    return [_send_place(edge, each, edge["producer_service"]) for each in edge["sent_to"] or [edge]]


def unread_sends(views: Iterable[GroupView], edges: Sequence[Edge]) -> list[Edge]:
    """Sends that broke and whose messages nobody is known to take: edges without a consumer."""
    places = {place for edge in edges for place in send_places(edge)}
    groups = [view.group for view in views if view.group["is_send"]]
    return [
        _unread(group)
        for group in groups
        if not any(_fits(place, place_of(group)) for place in places)
    ]


def _unread(group: Group) -> Edge:
    return {
        "environment": group["environment"],
        "service_namespace": group["service_namespace"],
        "producer_service": group["producer_service"],
        "system": group["system"],
        "destination": group["destination"],
        "scope": group["scope"],
        "consumer_service": None,
        "consumer_group": None,
        "count": group["count"],
        "connected": 0,
        "relations": {"parent": 0, "link": 0, "stitch": 0},
        "wait_p50_nano": None,
        "wait_p95_nano": None,
        "wait_p99_nano": None,
        "redeliveries": 0,
        "dead_letters": 0,
        "first_seen": group["first_seen"],
        "last_seen": group["last_seen"],
        "notes": [],
        "sent_to": [],
    }


def _send_place(edge: Identity, place: Identity | SentTo, sender: str | None) -> Place:
    at = (place["system"], place["destination"], place["scope"])
    return (edge["environment"], edge["service_namespace"], *at, sender)


def _fits(place: Place, group: Place) -> bool:
    return len(place) == len(group) and all(
        mine == its or (its is None and name in _TOLD_BY_PRODUCERS)
        for name, mine, its in zip(GROUP_EDGE, place, group, strict=False)
    )
