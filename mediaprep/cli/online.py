"""`publish` and `hook`: ready files go out, and what a message needs comes back."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mediaprep.cli import show
from mediaprep.cli.options import choices, files, with_options
from mediaprep.destinations import DESTINATIONS
from mediaprep.errors import MediaprepError, UsageError
from mediaprep.record import NotSendable

if TYPE_CHECKING:
    from mediaprep.publishing.terms import Terms

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LARGEST_MESSAGE = 32 << 20
"""Bytes of a message on standard input; the longest hold a file of 16 MB in base64."""
NEEDED = {"publish": " (required)", "message": " (required for messages)", "send": " (required to send)", "": ""}


class OnlineCommand(click.Command):
    """A command whose help ends with what every destination and host reads from the environment."""

    def format_epilog(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        from mediaprep.destinations import kind
        from mediaprep.hosts import HOSTS, host_kind

        formatter.write_paragraph()
        formatter.write_text("Credentials are read only from environment variables:")
        kinds = [(name, kind(name).variables) for name in DESTINATIONS]
        kinds += [(found.form, found.variables) for found in map(host_kind, HOSTS)]
        for name, variables in kinds:
            if variables:
                with formatter.section(name):
                    formatter.write_dl([(one.name, one.what + NEEDED[one.needed]) for one in variables])


def duration(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """A time such as `90m`, `12h` or `7d`."""
    if value is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", value)
    if match is None:
        raise click.BadParameter(f'invalid duration: "{value}"; expected 30m, 12h, 7d or 2w')
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def time_of_day(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """A time of day with its zone (ISO 8601)."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f'invalid time: "{value}"; expected a time such as 2026-12-01T10:00:00Z') from None
    if found.tzinfo is None:
        raise click.BadParameter(f'"{value}" has no time zone; add Z or +01:00')
    return found.astimezone(UTC)


def given(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A text that is not empty where the option is given, as it is where a variable of the shell is not set."""
    if not value and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE:
        raise click.BadParameter("it is empty; check whether a variable is not set")
    return value


def json_of(kind: Any) -> Callable[[click.Context, click.Parameter, str], Any]:
    """JSON on the command line."""

    def read(_: click.Context, __: click.Parameter, value: str) -> Any:
        import msgspec

        try:
            return msgspec.json.decode(value, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise click.BadParameter(f"invalid JSON: {error}") from None

    return read


def way(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where things go: what `publish` and `hook` have in common."""
    for option in (
        click.option(
            "--timeout",
            type=click.FloatRange(min=1),
            help="Time limit per upload including retries, plus 1 s per 50 kB; default: 120 seconds.",
        ),
        click.option("--force", is_flag=True, help="Upload again what was uploaded before."),
        click.option(
            "--no-try", "try_links", flag_value=False, default=True, help="Do not verify links after publishing."
        ),
        click.option(
            "--valid-for",
            metavar="TIME",
            callback=duration,
            help="How long a presigned link, or an upload, is valid: 12h, 7d.",
        ),
        click.option(
            "--public-url",
            default="",
            metavar="URL",
            callback=given,
            help="The address under which the files of --host are served.",
        ),
        click.option("--host", metavar="URL", help="Where links come from: a folder, s3://bucket/prefix or https://…"),
        click.option(
            "--via", required=True, metavar="DESTINATION", help=f"The API that sends: {', '.join(DESTINATIONS)}."
        ),
    ):
        command = option(command)
    return command


@click.command("publish", cls=OnlineCommand)
@files
@choices
@way
@click.option(
    "--to", default="", metavar="PHONE", callback=given, help="Print the message to this phone number, ready to POST."
)
@click.option(
    "--group", default="", metavar="ID", callback=given, help="Print the message to this group (…@g.us), ready to POST."
)
@click.option("--filename", default="", help="File name that the recipient sees.")
@click.option("--view-once", is_flag=True, help="The recipient can view the media once.")
@click.option(
    "--template",
    default="",
    metavar="NAME",
    callback=given,
    help="Print a template message, with the media as its header.",
)
@click.option("--language", default="", metavar="CODE", help="Language of the template.")
@click.option(
    "--components",
    metavar="JSON",
    default="[]",
    callback=json_of(tuple[dict[str, Any], ...]),
    help="Other components of the template.",
)
@click.option("--request-id", default="", help="Your own id for the request.")
@click.option(
    "--custom-args",
    metavar="JSON",
    default="{}",
    callback=json_of(dict[str, Any]),
    help="JSON object echoed in delivery webhooks.",
)
@click.option(
    "--scheduled-at",
    metavar="TIME",
    callback=time_of_day,
    help="When the message is sent; links must be valid until then.",
)
@click.option(
    "--reference", default="", help="Your own name for the upload (Wassenger); default: the SHA-256 of the content."
)
def publish_command(
    paths: tuple[str, ...], as_json: bool, caption: str, profile: str | None, reference: str, **wants: Any
) -> int:
    """Make files ready, upload them, and print what a message needs; with --to the message. Nothing is sent."""
    from mediaprep.destinations.base import Envelope
    from mediaprep.publishing.publish import publish_all

    wants = with_options(wants)
    said = {name: wants.pop(name) for name in Envelope.__struct_fields__ if name in wants}
    terms = _terms(wants, envelope=Envelope(caption=caption, **said), reference=reference)
    with show.printer(as_json, "publish") as printer:
        for record in publish_all(
            paths, terms=terms, profile=profile, on_start=printer.start, on_progress=printer.progress, **wants
        ):
            printer.record(record)
    return printer.code


@click.command("hook", cls=OnlineCommand)
@way
@choices
@click.option("--profile", help="A name, or a path to a TOML file; default: the profile of the destination.")
@click.option("--allow-host", "allow_hosts", metavar="NAME", multiple=True, help="A host whose address may be private.")
@click.option("--within", metavar="DIR", help="The only folder from which files are read.")
def hook_command(**wants: Any) -> int:
    """Read one message as JSON, publish its media, and write the message ready to send."""
    from mediaprep.publishing.hook import prepare_message, read_message, refusal

    try:
        message = read_message(_standard_input())
        wants = with_options(wants)
        terms = _terms(wants)
        made = prepare_message(message, terms=terms, **wants)
    except NotSendable as error:
        show.answer(error.record.json())
        show.fault(error)
        return 1
    except MediaprepError as error:
        show.answer(refusal(error).json())
        raise
    show.answer(show.message(made))
    return 0


def _standard_input() -> bytes:
    """Raises `UsageError` for more than any message has."""
    text = sys.stdin.buffer.read(LARGEST_MESSAGE + 1) if sys.stdin else b""
    if len(text) > LARGEST_MESSAGE:
        raise UsageError(f"standard input is too large: more than {LARGEST_MESSAGE:,} bytes; give one message")
    return text


def _terms(wants: dict[str, Any], **more: Any) -> Terms:
    """The terms that options say, taken out of `wants`."""
    from mediaprep.publishing.terms import TIMEOUT, agree

    names = ("via", "host", "public_url", "valid_for", "try_links", "force", "timeout")
    chosen = {name: wants.pop(name) for name in names}
    return agree(**{**chosen, "timeout": chosen["timeout"] or TIMEOUT}, **more)
