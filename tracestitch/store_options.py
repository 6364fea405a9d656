"""Options that say where spans are stored: in a store that the command opens, or a server's."""

import click

from tracestitch.config import option, parse_correlation_key, parse_url

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
    "--store",
    metavar="URL",
    help=(
        "duckdb:PATH, memory: or clickhouse://USER:PASSWORD@HOST/DATABASE, instead of the data"
        " directory."
    ),
)
endpoint_option = option(
    "--endpoint",
    parse_url,
    default="http://127.0.0.1:8080",
    metavar="URL",
    help="The server to ask.",
)
stored_option = option(
    "--data-dir", metavar="DIR", help="Read the store of this directory instead."
)


def unless_asked(context: click.Context, server: str, data_dir: str | None) -> str | None:
    """The data directory, or None when the server was asked for: a flag beats the other
    one's variable. Raises UsageError when both are flags."""
    told = {
        name
        for name in (server, "data_dir")
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    if len(told) == 2:
        flag = "--" + server.replace("_", "-")
        raise click.UsageError(f"{flag} and --data-dir exclude each other; give one.")
    return None if told == {server} else data_dir
