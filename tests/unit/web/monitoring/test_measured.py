"""What the status page counts."""

from web.monitoring.measured import Measured, list_counters


def test_what_retention_deleted_is_told_where_it_may_delete() -> None:
    told = list_counters(Measured(deleted={"age": 2, "size": 3}))
    assert told == {"spans deleted, too old or too many": 5}
    assert list_counters(Measured()) == {}
