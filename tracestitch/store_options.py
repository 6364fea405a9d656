"""Options of the commands that open a store themselves."""

from tracestitch.config import option, parse_correlation_key

correlation_key_option = option(
    "--correlation-key",
    parse_correlation_key,
    multiple=True,
    metavar="KEY",
    help="An attribute whose value names a unit of work, beside the default ones. Repeatable.",
)
data_dir_option = option(
    "--data-dir", default="./data", metavar="DIR", help="Where the store lives."
)
store_option = option(
    "--store", metavar="URL", help="duckdb:PATH or memory:, instead of the data directory."
)
