"""The engine for where one machine is outgrown: a ClickHouse server or cluster, shared by several
processes. Needs the extra `tracestitch[clickhouse]`."""
