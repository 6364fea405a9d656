"""Pages of connections at uneven times, on every engine."""

from typing import Any

import pytest

from storage import schema
from storage.contract import ConnectionQuery, Page, SpanStore
from tests.contract.rows import connection, make_table, span, traces

# Many at once, a few long before and after, and clocks that are wrong.
_STARTS = [0, 5, 5, *range(10**9, 10**9 + 40), *[10**9 + 40] * 9, 10**12, 2**62]


def _fill(store: SpanStore) -> None:
    spans = [span(n, n, start_time_unix_nano=start) for n, start in enumerate(_STARTS)]
    rows = [
        connection(span(99, 99), each, consumer_service_name="rare" if n in (1, 30) else "usual")
        for n, each in enumerate(spans)
    ]
    ends = make_table(schema.ENDPOINTS)
    store.replace_connections(
        traces(*range(len(_STARTS))), ends, make_table(schema.CONNECTIONS, rows)
    )


def _paged(store: SpanStore, limit: int, **conditions: Any) -> list[int]:
    seen: list[int] = []
    after = None
    while True:
        rows = store.connections(ConnectionQuery(**conditions), Page(limit, after))
        seen += [row["consumer_trace_lo"] for row in rows.table.to_pylist()]
        assert rows.table.num_rows == limit or rows.next is None
        if rows.next is None:
            return seen
        after = rows.next


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_every_connection_is_on_one_page_in_order(store: SpanStore, limit: int) -> None:
    if limit == 1 and store.engine == "clickhouse":
        limit = 7  # a page a connection asks a server for long
    _fill(store)
    newest_first = sorted(range(len(_STARTS)), key=lambda n: (-_STARTS[n], n))
    assert _paged(store, limit) == newest_first
    early = [n for n in newest_first if 5 <= _STARTS[n] < 10**9 + 20]
    assert _paged(store, limit, start=5, end=10**9 + 20) == early


def test_few_among_many_are_found_however_old_they_are(store: SpanStore) -> None:
    _fill(store)
    assert _paged(store, 1, service="rare") == [30, 1]
    assert _paged(store, 5, service="nobody") == []
    assert _paged(store, 5, start=6, end=10) == []
    assert _paged(store, 5, start=2**62 + 1) == []
    assert _paged(store, 5, end=-5) == []
