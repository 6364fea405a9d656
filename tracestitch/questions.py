"""The commands that ask for answers: `journey` and `orphans`."""

import json
from pathlib import Path

import click

from tracestitch.config import client_options, variable
from tracestitch.store_options import (
    correlation_key_option,
    endpoint_option,
    stored_option,
    unless_asked,
)

_json = click.option(
    "--json", "as_json", is_flag=True, envvar=variable("--json"), help="Print the API's object."
)


@click.command()
@click.argument("attribute", metavar="KEY=VALUE")
@endpoint_option
@stored_option
@_json
@correlation_key_option
@client_options
@click.pass_context
def journey(
    context: click.Context,
    /,
    attribute: str,
    endpoint: str,
    data_dir: str | None,
    as_json: bool,
    correlation_key: tuple[str, ...],
    **access: Path | None,
) -> None:
    """Show everything that belongs to one unit of work, such as order.id=123."""
    from tracestitch.api_client import ask, open_api
    from tracestitch.client_access import open_client_access
    from tracestitch.journey_text import draw_journey

    if not all(attribute.partition("=")):
        raise click.UsageError(f'"{attribute}" is not KEY=VALUE, such as order.id=123.')
    data_dir = unless_asked(context, "endpoint", data_dir)
    with open_api(endpoint, data_dir, open_client_access(**access), correlation_key) as get:
        answer = ask(get, "/api/v1/journeys", {"attribute": attribute})
    click.echo(json.dumps(answer) if as_json else draw_journey(answer["journey"]))


@click.command()
@endpoint_option
@stored_option
@_json
@click.option("--fix", is_flag=True, envvar=variable("--fix"), help="Print each with its fix.")
@correlation_key_option
@client_options
@click.pass_context
def orphans(
    context: click.Context,
    /,
    endpoint: str,
    data_dir: str | None,
    as_json: bool,
    fix: bool,
    correlation_key: tuple[str, ...],
    **access: Path | None,
) -> None:
    """Show which hand-overs are broken, why, and how to mend them."""
    from tracestitch.api_client import ask_for_all, open_api
    from tracestitch.client_access import open_client_access
    from tracestitch.orphans_text import draw_orphans

    data_dir = unless_asked(context, "endpoint", data_dir)
    with open_api(endpoint, data_dir, open_client_access(**access), correlation_key) as get:
        if as_json:
            click.echo(json.dumps(ask_for_all(get, "/api/v1/orphans", "orphans")))
        else:
            click.echo(draw_orphans(ask_for_all(get, "/api/v1/orphans/groups", "groups"), fix=fix))
