"""Hand-overs in the large, on every engine: what monitoring counts."""

from storage import schema
from storage.contract import SpanStore
from storage.handover_reads import Channel, SendKind
from tests.contract.rows import Row, connection, make_batch, make_table, owned, span, traces

ALL = tuple(range(1, 10))


def _fill(store: SpanStore, connections: list[Row], orphans: list[Row]) -> None:
    """Spans of the traces 1 to 9, stored at 70; these answers."""
    store.append(make_batch([span(n, n) for n in ALL]), 70)
    rows = make_table(schema.CONNECTIONS, connections)
    store.replace_connections(traces(*ALL), schema.ENDPOINTS.empty_table(), rows)
    store.replace_orphans(traces(*ALL), make_table(schema.ORPHANS, orphans), 1)


def _orphan(of: int, **values: object) -> Row:
    told = {"producer_service_name": "orders", "cause_code": "S1"}
    return owned(span(of, of), **(told | values))


def _counts(store: SpanStore, since: int = 0, settled_before: int = 71) -> list[list[int]]:
    names = ("count", "connected", "broken", "recent_connected", "recent_broken")
    rows = store.handover_counts(since, settled_before).to_pylist()
    return [[row[name] for name in names] for row in rows]


def test_a_hand_over_is_counted_once_and_a_stitched_root_is_broken_too(store: SpanStore) -> None:
    one = span(1, 1)
    _fill(
        store,
        [
            connection(one, span(2, 2), relation="link"),
            connection(one, span(3, 3), relation="stitch"),
            connection(one, span(4, 4), relation="stitch", confidence=0.7),
        ],
        [_orphan(3, producer_span_id=1), _orphan(5)],
    )

    assert _counts(store) == [[3, 1, 2, 1, 2]]
    (edge,) = store.edges().to_pylist()
    assert edge["count"] == 3


def test_expected_hidden_and_unsettled_roots_are_not_broken(store: SpanStore) -> None:
    _fill(store, [], [_orphan(2, expected=True), _orphan(3, hidden=True), _orphan(4)])

    assert _counts(store) == [[2, 0, 1, 0, 1]]
    assert _counts(store, settled_before=70) == [[2, 0, 0, 0, 0]]


def test_a_send_that_broke_is_no_hand_over_and_has_no_consumer(store: SpanStore) -> None:
    """Its message is handed over like any other."""
    sent = _orphan(4, is_send=True, service_name="shop", producer_service_name="shop")
    _fill(store, [connection(span(4, 4), span(2, 2))], [sent])

    rows = store.handover_counts(0, 71).to_pylist()
    told = [(row["producer_service_name"], row["consumer_service_name"]) for row in rows]
    assert told == [("orders", "payments"), ("shop", None)]
    assert [(row["count"], row["broken"]) for row in rows] == [(1, 0), (0, 1)]
    assert [row["count"] for row in store.edges().to_pylist()] == [1]
    assert store.unconnected_deliveries().num_rows == 0
    (counted,) = store.orphan_counts(71).to_pylist()
    assert (counted["producer_service_name"], counted["consumer_service_name"]) == ("shop", None)


def test_recent_is_what_began_at_the_instant_or_later(store: SpanStore) -> None:
    one = span(1, 1)
    linked = [connection(one, span(n, n), relation="parent") for n in (2, 3)]
    _fill(store, linked, [_orphan(4), _orphan(2)])

    assert _counts(store, since=3) == [[4, 2, 2, 1, 1]]
    assert _counts(store, since=-(10**30)) == [[4, 2, 2, 2, 2]]
    assert _counts(store, since=10**30) == [[4, 2, 2, 0, 0]]


def test_kinds_of_hand_over_are_told_apart_and_the_largest_comes_first(store: SpanStore) -> None:
    _fill(store, [], [_orphan(1, scope="a"), _orphan(2, scope="b"), _orphan(3, scope="b")])

    rows = store.handover_counts(0, 0).to_pylist()
    assert [(row["scope"], row["count"]) for row in rows] == [("b", 2), ("a", 1)]


def test_roots_are_counted_by_cause_and_whether_they_are_expected(store: SpanStore) -> None:
    _fill(
        store,
        [],
        [
            _orphan(1, cause_code="S1"),
            _orphan(2, cause_code="S1"),
            _orphan(3, cause_code="S1", expected=True),
            _orphan(4, cause_code="K1"),
            _orphan(5, cause_code="K1", hidden=True),
        ],
    )

    rows = store.orphan_counts(71).to_pylist()
    assert [
        (row["cause_code"], row["expected"], row["count"], row["settled_count"]) for row in rows
    ] == [("S1", False, 2, 2), ("K1", False, 1, 1), ("S1", True, 1, 1)]
    assert {row["consumer_service_name"] for row in rows} == {"payments"}
    assert [row["settled_count"] for row in store.orphan_counts(70).to_pylist()] == [0, 0, 0]


def test_an_empty_store_has_no_counts(store: SpanStore) -> None:
    assert store.handover_counts(0, 0).num_rows == 0
    assert store.orphan_counts(0).num_rows == 0


def _sent(of: int, **values: object) -> Row:
    told = {"role": "send", "service_name": "orders", "destination": "q", "end_time_unix_nano": 99}
    return owned(span(of, of), **(told | values))


def _send(store: SpanStore, ends: list[Row], *connections: Row) -> None:
    store.append(make_batch([span(n, n) for n in ALL]), 70)
    store.replace_connections(
        traces(*ALL),
        make_table(schema.ENDPOINTS, ends),
        make_table(schema.CONNECTIONS, connections),
    )


def _recent(store: SpanStore, per_kind: int = 9, kinds: int = 9) -> list[tuple[int, int | None]]:
    """The sends, and the consumer of each hand-over."""
    rows = store.recent_sends(per_kind, kinds).to_pylist()
    return sorted(
        ((row["span_id"], row["consumer_span_id"]) for row in rows), key=lambda pair: str(pair)
    )


def test_recent_sends_have_a_row_for_each_hand_over_or_one_without(store: SpanStore) -> None:
    sends = [_sent(n) for n in (1, 2, 3)]
    one, two = span(1, 1), span(2, 2)
    _send(
        store,
        [*sends, _sent(4, role="process")],
        connection(one, span(5, 5), wait_nano=7, consumer_group="g"),
        connection(one, span(6, 6)),
        connection(two, span(7, 7), confidence=0.7),
    )

    assert _recent(store) == [(1, 5), (1, 6), (2, None), (3, None)]
    rows = store.recent_sends(9, 9).to_pylist()
    (found,) = (row for row in rows if row["consumer_span_id"] == 5)
    assert (found["wait_nano"], found["consumer_group"]) == (7, "g")
    assert (found["consumer_service_name"], found["end_time_unix_nano"]) == ("payments", 99)


def test_only_the_newest_sends_of_the_largest_kinds_are_told(store: SpanStore) -> None:
    few = [_sent(n, destination="few") for n in (7, 8)]
    _send(store, [*(_sent(n) for n in (1, 2, 3, 4)), *few])

    assert _recent(store, per_kind=2) == [(3, None), (4, None), (7, None), (8, None)]
    assert _recent(store, kinds=1) == [(1, None), (2, None), (3, None), (4, None)]


def test_failed_lone_and_unnamed_sends_are_left_out(store: SpanStore) -> None:
    unnamed = [_sent(n, destination=None) for n in (1, 2)]
    failed = [_sent(n, error=True) for n in (3, 4)]
    _send(store, [*unnamed, *failed, _sent(5), _sent(6, span_name="other")])

    assert _recent(store) == []


def test_deliveries_without_a_relation_are_counted_by_place(store: SpanStore) -> None:
    taken = [_sent(n, role="process", service_name="payments") for n in (1, 2)]
    told = _sent(3, role="process", relation="link")
    _send(store, [*taken, told, _sent(4), _sent(5, role="process", destination=None)])
    roots = [_orphan(6, destination="q"), _orphan(7, producer_span_id=1), _orphan(8, hidden=True)]
    store.replace_orphans(traces(*ALL), make_table(schema.ORPHANS, roots), 1)

    rows = store.unconnected_deliveries().to_pylist()
    assert sorted(
        (row["destination"] or "", row["service_name"], row["count"], row["last_start_unix_nano"])
        for row in rows
    ) == [("", "orders", 1, 5), ("q", "payments", 3, 6)]


def test_traffic_of_a_channel_is_counted_by_role_and_what_is_connected(store: SpanStore) -> None:
    taken = [_sent(n, role="process", service_name="payments") for n in (1, 2)]
    told = [_sent(n, role="process", service_name="billing", relation="link") for n in (3, 4, 5)]
    _send(store, [*taken, *told, _sent(6), _sent(7, system="kafka")])

    def count(system: str | None, destination: str = "q") -> dict[str, tuple[int, int]]:
        rows = store.traffic(Channel(None, None, system, destination)).to_pylist()
        return {row["role"]: (row["count"], row["connected"]) for row in rows}

    assert count(None) == {"process": (5, 3), "send": (1, 0)}
    assert count("kafka") == {"send": (1, 0)}
    assert count(None, "r") == {}


def test_services_with_unconnected_deliveries_since_are_told(store: SpanStore) -> None:
    taken = [_sent(n, role="process", service_name="payments") for n in (1, 5)]
    told = _sent(7, role="process", service_name="billing", relation="link")
    early = _sent(2, role="process", service_name="early")
    _send(store, [*taken, told, early, _sent(8, service_name="orders")])

    rows = store.unconnected_services(3).to_pylist()
    assert [(row["service_name"], row["last_start_unix_nano"]) for row in rows] == [("payments", 5)]
    assert store.unconnected_services(6).num_rows == 0
    assert store.unconnected_services(10**30).num_rows == 0


def test_newest_sends_are_told_by_kind(store: SpanStore) -> None:
    failed = _sent(5, error=True)
    others = [_sent(6, destination="r"), _sent(7, system="kafka"), _sent(8, role="process")]
    _send(store, [*(_sent(n) for n in (1, 2, 3)), failed, *others])
    here = SendKind(None, None, "orders", "", None, "q")

    rows = store.newest_sends([here, here._replace(destination="r")], 3).to_pylist()
    told = sorted((row["kind"], row["span_id"], row["error"]) for row in rows)
    assert told == [(0, 2, False), (0, 3, False), (0, 5, True), (1, 6, False)]
    assert store.newest_sends([], 3).num_rows == 0


def test_of_sends_that_began_together_those_with_smaller_ids_are_told(store: SpanStore) -> None:
    _send(store, [_sent(n, start_time_unix_nano=4) for n in (3, 1, 2)])
    kind = SendKind(None, None, "orders", "", None, "q")

    rows = store.newest_sends([kind], 2).to_pylist()
    assert {row["span_id"] for row in rows} == {1, 2}


def test_hand_overs_of_sends_are_the_sure_ones_of_these_spans(store: SpanStore) -> None:
    one, two = span(1, 1), span(2, 2)
    _fill(
        store,
        [
            connection(one, span(3, 3), relation="link", wait_nano=7, consumer_group="g"),
            connection(one, span(4, 4), relation="stitch", confidence=0.7),
            connection(two, span(5, 5), relation="parent"),
            connection({**one, "span_id": 9}, span(6, 6), relation="parent"),
        ],
        [],
    )

    asked = make_table(schema.SPAN_IDS, [{n: one[n] for n in schema.SPAN_IDS.names}])
    (found,) = store.handovers_of(asked).to_pylist()
    assert (found["consumer_span_id"], found["wait_nano"], found["consumer_group"]) == (3, 7, "g")


def test_hand_overs_with_notes_are_counted_by_edge_and_text(store: SpanStore) -> None:
    one, b1, s8 = span(1, 1), '[{"code": "B1"}]', '[{"code": "S8"}]'
    _fill(
        store,
        [
            connection(one, span(2, 2), relation="link", notes=b1),
            connection(one, span(3, 3), relation="link", notes=b1),
            connection(one, span(4, 4), relation="link", notes=s8),
            connection(one, span(5, 5), relation="link", notes="[]"),
            connection(one, span(6, 6), relation="stitch", confidence=0.7, notes=b1),
        ],
        [],
    )

    rows = store.noted_handovers().to_pylist()

    assert [(row["notes"], row["count"], row["span_id"]) for row in rows] == [
        (b1, 2, 3),
        (s8, 1, 4),
    ]


def test_spells_of_deliveries_without_context_lie_between_others(store: SpanStore) -> None:
    taken = {"role": "process", "service_name": "payments", "destination": None}
    linked = taken | {"relation": "link", "destination": "orders"}
    ends = [
        _sent(1, **linked),
        _sent(2, **taken, relation="stitch"),
        _sent(3, **taken),
        _sent(4, **linked),
        _sent(5, **taken, is_root=True),
        _sent(6, **taken),
        _sent(7, **linked),
        _sent(8, **(taken | {"destination": "elsewhere"})),
        _sent(9, **(taken | {"service_name": "billing"})),
    ]
    _send(store, ends)

    def spells(latest: int) -> list[tuple[object, ...]]:
        rows = store.cut_spells(latest).to_pylist()
        return sorted(
            (row["is_root"], row["cut"], row["spells"], row["between"], row["after"])
            for row in rows
        )

    started = {
        (row["destination"], row["service_name"], row["is_root"], row["continues"]): row["starts"]
        for row in store.delivery_starts().to_pylist()
    }
    assert {kind: sorted(starts) for kind, starts in started.items()} == {
        ("orders", "payments", False, True): [1, 4, 7],
        (None, "payments", False, False): [2, 3, 6],
        (None, "payments", True, False): [5],
        ("elsewhere", "payments", False, False): [8],
        (None, "billing", False, False): [9],
    }
    assert spells(100) == [(False, 3, 2, 1, 1), (True, 1, 1, 0, 1)]
    assert spells(2) == [(False, 2, 2, 1, 1), (True, 1, 1, 0, 1)]
    assert spells(1) == [(False, 1, 1, 0, 1), (True, 1, 1, 0, 1)]
