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
from mediaprep.cli.help import HOW, MESSAGE, WHAT, WHERE, DescribedCommand, option
from mediaprep.cli.shared import allow_host, choices, files, profile_option, with_options
from mediaprep.destinations import DESTINATIONS
from mediaprep.errors import MediaprepError, UsageError
from mediaprep.record import NotSendable

if TYPE_CHECKING:
    from mediaprep.publishing.terms import Terms

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LARGEST_MESSAGE = 32 << 20
"""Bytes of a message on standard input; the longest hold a file of 16 MB in base64."""
NEEDED = {"publish": " (required)", "message": " (required for messages)", "send": " (required to send)", "": ""}


class OnlineCommand(DescribedCommand):
    """A command whose help ends with what every destination and host reads from the environment."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from mediaprep.destinations import destination_class
        from mediaprep.hosts import HOSTS, host_kind

        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text("Credentials are read only from environment variables:")
        kinds = [(name, destination_class(name).variables) for name in DESTINATIONS]
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


def way(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where things go: what `publish` and `hook` have in common."""
    for decorate in (
        option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=1),
            group=HOW,
            help="Time limit per upload including retries, plus 1 s per 50 kB; default: 120 seconds.",
        ),
        option("--force", is_flag=True, group=HOW, help="Upload again what was uploaded before."),
        option(
            "--no-try",
            "try_links",
            flag_value=False,
            default=True,
            group=HOW,
            help="Do not verify links after publishing.",
        ),
        option(
            "--valid-for",
            metavar="TIME",
            callback=duration,
            group=WHERE,
            help="How long a presigned link, or an upload, is valid: 12h, 7d.",
        ),
        option(
            "--public-url",
            default="",
            metavar="URL",
            callback=given,
            group=WHERE,
            help="The address under which the files of --host are served.",
        ),
        option(
            "--host",
            metavar="URL",
            group=WHERE,
            help="Where links come from: a folder, s3://bucket/prefix or https://…",
        ),
        option(
            "--via",
            required=True,
            metavar="DESTINATION",
            group=WHERE,
            help=f"The API that sends: {', '.join(DESTINATIONS)}.",
        ),
    ):
        function = decorate(function)
    return function


@click.command(
    "publish",
    cls=OnlineCommand,
    examples=(
        ("mediaprep publish holiday.mov --via wassenger", "Upload a video and print its file ID."),
        (
            "mediaprep publish photo.heic --via engagelab --host s3://bucket/media --to +447911123456",
            "Store a photo in S3 and print the message with its link.",
        ),
        ("mediaprep publish media --via whatsapp --json", "A folder; one JSON record per file."),
    ),
)
@files
@choices
@way
@option(
    "--to",
    default="",
    metavar="PHONE",
    callback=given,
    group=MESSAGE,
    help="Print the message to this phone number, ready to POST.",
)
@option(
    "--group",
    default="",
    metavar="ID",
    callback=given,
    group=MESSAGE,
    help="Print the message to this group (…@g.us), ready to POST.",
)
@option("--filename", default="", group=MESSAGE, help="File name that the recipient sees.")
@option("--view-once", is_flag=True, group=MESSAGE, help="The recipient can view the media once.")
@option(
    "--template",
    default="",
    metavar="NAME",
    callback=given,
    group=MESSAGE,
    help="Print a template message, with the media as its header.",
)
@option("--language", default="", metavar="CODE", group=MESSAGE, help="Language of the template.")
@option(
    "--components",
    metavar="JSON",
    default="[]",
    callback=json_of(tuple[dict[str, Any], ...]),
    group=MESSAGE,
    help="Other components of the template.",
)
@option("--request-id", default="", group=MESSAGE, help="Your own id for the request.")
@option(
    "--custom-args",
    metavar="JSON",
    default="{}",
    callback=json_of(dict[str, Any]),
    group=MESSAGE,
    help="JSON object echoed in delivery webhooks.",
)
@option(
    "--scheduled-at",
    metavar="TIME",
    callback=time_of_day,
    group=MESSAGE,
    help="When the message is sent; links must be valid until then.",
)
@option(
    "--reference",
    default="",
    group=WHERE,
    help="Your own name for the upload (Wassenger); default: the SHA-256 of the content.",
)
def publish_command(
    paths: tuple[str, ...], as_json: bool, caption: str, profile: str | None, reference: str, **wants: Any
) -> int:
    """Convert files, upload them, and print the file ID or link.

    PATH is a file, a folder or an http(s) link. With --to or --group the whole message is printed, ready to POST. No
    message is sent.
    """
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


@click.command(
    "hook",
    cls=OnlineCommand,
    examples=(
        ("mediaprep hook --via wassenger < message.json > ready.json", "Replace the media by an uploaded file."),
        (
            "mediaprep hook --via whatsapp --within /srv/media < message.json",
            "Accept files of one folder only, for messages from untrusted users.",
        ),
    ),
)
@way
@choices
@profile_option
@allow_host
@option("--within", metavar="DIR", group=WHAT, help="The only folder from which files are read.")
def hook_command(**wants: Any) -> int:
    """Publish the media of one JSON message, and print the message.

    The message is read from standard input and printed ready to send. Exit code 1 if the media cannot be sent.
    """
    from mediaprep.publishing.hook import prepare_message, read_message, refusal

    try:
        message = read_message(_standard_input())
        wants = with_options(wants)
        terms = _terms(wants)
        made = prepare_message(message, terms=terms, **wants)
    except NotSendable as error:
        show.write_line(error.record.json())
        show.fault(error)
        return 1
    except MediaprepError as error:
        show.write_line(refusal(error).json())
        raise
    show.write_line(show.message(made))
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
