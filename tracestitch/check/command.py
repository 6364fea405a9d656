"""The command `tracestitch check`."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracestitch.config import Decorated, client_options, option, parse_path, variable
from tracestitch.store_options import (
    correlation_key_option,
    endpoint_option,
    stored_option,
    unless_asked,
)

if TYPE_CHECKING:
    from tracestitch.check.expectations import Expectation

FORMATS = ("text", "json", "junit", "sarif")


def _lazily(module: str, name: str) -> Callable[[str], object]:
    """A parser that is imported when there is something to parse: `--help` stays quick."""

    def parse(text: str) -> object:
        from importlib import import_module

        return getattr(import_module(f"tracestitch.check.{module}"), name)(text)

    return parse


def parse_format(text: str) -> str:
    """Raises ValueError with what is allowed."""
    if text.strip().lower() not in FORMATS:
        raise ValueError(f"a format is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    return text.strip().lower()


def _switch(flag: str, meaning: str) -> Callable[[Decorated], Decorated]:
    return click.option(flag, is_flag=True, envvar=variable(flag), show_envvar=True, help=meaning)


@click.command()
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, allow_dash=True)
)
@endpoint_option
@stored_option
@option(
    "--expect",
    _lazily("expectations", "parse_expectation"),
    multiple=True,
    metavar="HAND-OVER",
    help="A hand-over that has to be there and propagated, such as 'orders -> payment-service': "
    "a destination (or a service that sends) and the service that takes. Repeatable.",
)
@option(
    "--allow",
    _lazily("settings", "parse_code"),
    multiple=True,
    metavar="CODE",
    help="A cause that does not fail the check, such as P2. Repeatable.",
)
@_switch("--strict", "Expected orphan roots fail the check, too.")
@option(
    "--baseline", parse_path, metavar="FILE", help="Findings that are known and do not fail it."
)
@option(
    "--write-baseline",
    parse_path,
    metavar="FILE",
    help="Write what is found to such a file, and pass.",
)
@option(
    "--format",
    parse_format,
    default="text",
    metavar="FORMAT",
    help="How the verdict is written: text, json, junit or sarif.",
)
@option("--output", parse_path, metavar="FILE", help="Write the verdict there.")
@_switch("--advise", "Remark on span names and on missing ids; never a failure.")
@option(
    "--config",
    parse_path,
    metavar="FILE",
    help="A TOML file with the table [tool.tracestitch.check], instead of ./pyproject.toml.",
)
@correlation_key_option
@client_options
@click.pass_context
def check(
    context: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    endpoint: str,
    data_dir: str | None,
    expect: tuple["Expectation", ...],
    allow: tuple[str, ...],
    strict: bool,
    baseline: Path | None,
    write_baseline: Path | None,
    format: str,  # noqa: A002 - as the flag is called
    output: Path | None,
    advise: bool,
    config: Path | None,
    correlation_key: tuple[str, ...],
    **access: Path | None,
) -> None:
    """Fail on orphan roots: the gate in continuous integration.

    Reads files as `load` does ("-" is the standard input); without any, the store of
    --data-dir or the server at --endpoint. Exit code 0: nothing is broken, 1: findings,
    2: wrong usage, or something that cannot be read.
    """
    from tracestitch.check.errors import CheckFailure
    from tracestitch.check.gate import Asked, run_check
    from tracestitch.check.settings import Settings, read_settings
    from tracestitch.client_access import open_client_access
    from tracestitch.stopping import stopping_calmly

    if files and (other := [name for name in ("endpoint", "data_dir") if _is_flag(context, name)]):
        flag = "--" + other[0].replace("_", "-")
        raise click.UsageError(f"Files and {flag} exclude each other; give one.")
    flags = Settings(expect, allow, baseline, correlation_key, strict, advise)
    try:
        asked = Asked(
            files=files,
            endpoint=endpoint,
            data_dir=unless_asked(context, "endpoint", data_dir),
            access=open_client_access(**access),
            settings=read_settings(config).with_flags(flags),
            write_baseline=write_baseline,
            format=format,
            output=output,
        )
        with stopping_calmly():  # a job that is cancelled leaves no spans behind
            passed = run_check(asked)
    except click.ClickException as error:
        # 1 would say that there are findings
        raise error if error.exit_code == 2 else CheckFailure(error.message) from error
    except KeyboardInterrupt as error:
        raise CheckFailure("The check was interrupted.") from error
    except SystemExit:
        raise
    except BaseException as error:  # a crash is no finding; a panic of Polars is no Exception
        traceback.print_exception(error)
        raise CheckFailure("The check itself failed; this is a fault of tracestitch.") from error
    if not passed:
        context.exit(1)


def _is_flag(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
