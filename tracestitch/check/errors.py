"""What keeps a check from saying anything."""

import click


class CheckFailure(click.ClickException):
    """A sentence for each thing that is wrong; not a finding."""

    exit_code = 2
