"""Processes over one ClickHouse die and hang, and it too; `tests.soak.cluster` does so with
more of them, at random, for as long as one likes."""

import time
from pathlib import Path

from tests.golden.recordings import NAMES
from tests.soak.cluster import Cluster, judge, recorded_requests
from tests.soak.sending import Senders
from tests.waiting import wait_until

_HANGS_SECONDS = 0.5


def test_whoever_dies_nothing_is_lost_and_what_is_said_is_what_one_process_says(
    tmp_path: Path,
) -> None:
    with Cluster(tmp_path, seed=1, analyzers=1, web=False) as cluster:
        requests = recorded_requests(seed=1, names=NAMES[::8], at_once=12)
        senders = Senders(cluster.collector_urls, requests, seed=1)
        senders.start()
        wait_until(lambda: len(senders.acknowledged) > 1, "some requests are acknowledged")
        # A collector amid its appends, for good; who analyses; and what all need.
        cluster.lose(cluster.collectors[0])
        cluster.analyzers[0].kill()
        cluster.clickhouse.pause()
        time.sleep(_HANGS_SECONDS)
        cluster.clickhouse.kill()
        cluster.tend()

        assert judge(cluster, senders, journeys=3) == []
