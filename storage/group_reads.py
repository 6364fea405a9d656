"""Groups of orphan roots over time: part of storage/contract.py."""

from typing import Protocol

import pyarrow as pa

from storage.queries import EVERY_ORPHAN, NO_BUCKETS, Buckets, OrphanQuery


class GroupReads(Protocol):
    def orphan_groups(
        self, query: OrphanQuery = EVERY_ORPHAN, buckets: Buckets = NO_BUCKETS
    ) -> pa.Table:
        """The orphans of the query, which is of no trace, grouped by (cause_code,
        environment, service_namespace, producer_service_name, system, destination, scope,
        service_name, consumer_group, expected): these columns and count (int64),
        settled_count (of roots stored before `settled_before_unix_nano`),
        first_seen_unix_nano, last_seen_unix_nano (of the roots' start), trace_hi,
        trace_lo, span_id (of the newest root), first_service_version, first_scope_version
        (of the earliest). No texts: there may be as many groups as roots.

        Then what connected beside them: endpoints of role "process" and relation "parent"
        or "link" that agree in environment, service_namespace, system, destination, scope,
        service_name and consumer_group, and in the producer's service where the group has
        one, and that start in the times of the query. connected_before the first root,
        connected_between, connected_after the last root (int64); near_broken and
        near_connected: the time from the first root to the last is 128 cells, and of those
        with a root near_broken counts every further root, near_connected what connected
        (int64); healed_since_unix_nano,
        the earliest start of those after it; of those before the first root
        good_service_version and good_scope_version, the newest that are not null or empty,
        and same_service_version and same_scope_version, how many have the version of the
        earliest root (int64).

        trend_broken and trend_connected: counts by bucket (list<int64>, one for each of
        `buckets`). Largest count first.
        """
        ...
