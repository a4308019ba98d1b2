"""The commands: read options, call the library, print. No logic, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import contextlib
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mediaprep import __version__, show
from mediaprep.errors import MediaprepError, ToolMissing, UsageError

if TYPE_CHECKING:
    import concurrent.futures

    from mediaprep.jobs import Stage
    from mediaprep.record import Prepared

OK, FINDINGS, USAGE, MISSING, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """The console script: every ending is an exit code of the contract and one sentence, never a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = lambda message, *_: click.echo(f"mediaprep: {message}", err=True)
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE
    except UsageError as error:
        show.fault(error)
        code = USAGE
    except ToolMissing as error:
        show.fault(error)
        code = MISSING
    except MediaprepError as error:
        show.fault(error)
        code = FINDINGS
    except (KeyboardInterrupt, click.Abort):
        click.echo("mediaprep: interrupted; finished files stay finished, run again to go on from there", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    sys.exit(code if isinstance(code, int) else OK)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mediaprep")
def commands() -> None:
    """Make any media file sendable over WhatsApp-style messaging APIs, and prove it."""


def files(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `check`, `plan` and `convert` have in common."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON record a line on stdout, nothing else."),
        click.option("--jobs", type=click.IntRange(min=1), help="Files worked on at once; default: one for each core."),
        click.option(
            "--caption", default="", help="The caption that will travel with each file; its length is checked."
        ),
        click.option("--as", "target", metavar="TARGET", help="image, video, gif, audio, voice, sticker, document …"),
        click.option("--profile", default="whatsapp", show_default=True, help="A name, or a path to a TOML file."),
        click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    ):
        command = option(command)
    return command


def choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """The sender's choices, for `plan` and `convert`."""
    for option in (
        click.option("--emoji", "emojis", multiple=True, help="An emoji written into a sticker; up to three."),
        click.option("--publisher", default="", help="The pack's publisher, written into a sticker."),
        click.option("--pack", default="", help="The pack's name, written into a sticker."),
        click.option("--crop", is_flag=True, help="Sticker art fills the square and loses what stands out."),
        click.option("--speed-up", is_flag=True, help="A sticker that is too long plays faster, instead of being cut."),
        click.option("--trim-silence", is_flag=True, help="Cut silence at both ends of sound."),
        click.option("--normalize", is_flag=True, help="Bring sound to a loudness of -16 LUFS."),
        click.option("--voice-rate", type=click.Choice(["16000", "48000"]), help="Hz of voice notes that are made."),
        click.option("--background", default="#FFFFFF", show_default=True, help="What transparency is laid on."),
    ):
        command = option(command)
    return command


@commands.command("check")
@files
def check_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Say what a platform would find wrong. Exit code 1 when there is anything."""
    return _look("check", paths, as_json, wants)


@commands.command("plan")
@files
@choices
def plan_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Say what `convert` would do, and why. Nothing is written."""
    return _look("plan", paths, as_json, _with_options(wants))


def _look(stage: Stage, paths: tuple[str, ...], as_json: bool, wants: dict[str, Any]) -> int:
    from mediaprep.batch import check_all

    _no_urls(paths)
    with show.printer(as_json, stage) as printer:
        for record in check_all(paths, stage=stage, on_start=printer.start, **wants):
            printer.record(record)
    return printer.code


@commands.command("convert")
@files
@choices
@click.option("--into", required=True, metavar="DIR", help="Where the ready files go; the folders' tree is kept.")
@click.option("--force", is_flag=True, help="Do finished files again.")
@click.option("--report", metavar="FILE.html", help="Write a page with every file and what became of it.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a dask.distributed cluster (extra `cluster`).")
def convert_command(
    paths: tuple[str, ...], as_json: bool, report: str | None, scheduler: str | None, **wants: Any
) -> int:
    """Make files ready to send: passed, remuxed or encoded, whichever is cheapest; nothing appears unverified."""
    from mediaprep.batch import prepare_all

    _no_urls(paths)
    if report and not Path(report).absolute().parent.is_dir():
        raise UsageError(f"the report {report} cannot be written: its folder is not there")
    wants = _with_options(wants)
    records: list[Prepared] = []
    with show.printer(as_json, "prepare") as printer, _cluster(scheduler) as executor:
        for record in prepare_all(
            paths, executor=executor, on_start=printer.start, on_progress=printer.progress, **wants
        ):
            records.append(record)
            printer.record(record)
    if report:
        from mediaprep.report import write_report

        write_report(records, report)
    return printer.code


@commands.command("profiles")
@click.argument("name", required=False)
def profiles_command(name: str | None) -> None:
    """The profiles; with NAME one profile's limits, each with its source and the day that was checked."""
    from mediaprep.profiles import SHIPPED, load

    if name is None:
        for one in SHIPPED:
            profile = load(one)
            click.echo(f"{profile.name:12} {profile.title}: {', '.join(profile.targets)}")
        return
    click.echo(show.profile(load(name)))


@commands.command("explain")
@click.argument("code")
def explain_command(code: str) -> None:
    """What a rule means, why it exists, and where that is written. CODE as in a finding: MP301."""
    from mediaprep.profiles import hint
    from mediaprep.rules import RULES

    by_name = {rule.name: rule for rule in RULES.values()}
    rule = RULES.get(code.upper()) or by_name.get(code.lower())
    if rule is None:
        raise UsageError(f'there is no rule "{code}"{hint(code.upper(), RULES)}; the codes are {", ".join(RULES)}')
    click.echo(show.rule(rule))


@commands.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def doctor_command(as_json: bool) -> int:
    """What was found on this machine, what is missing, and what to do."""
    from mediaprep.doctor import examine

    checks = examine()
    click.echo(show.health(checks, as_json))
    return MISSING if any(check.needed and not check.found for check in checks) else OK


def _with_options(wants: dict[str, Any]) -> dict[str, Any]:
    """The sender's choices gathered into `options`, the other wishes as they are."""
    from mediaprep.options import Options

    chosen = {name: wants.pop(name) for name in Options.__struct_fields__}
    rate = chosen["voice_rate"]
    return {**wants, "options": Options(**{**chosen, "voice_rate": int(rate) if rate else None})}


def _no_urls(paths: tuple[str, ...]) -> None:
    for path in paths:
        if path.startswith(("http://", "https://")):
            raise UsageError(f"{path} is a link; download it first, and give the file")


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[concurrent.futures.Executor | None]:
    """A dask.distributed client's executor; its workers must see the same files under the same paths."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise ToolMissing(
            "--scheduler needs dask.distributed; install it with: pip install 'mediaprep[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"no scheduler answers at {address}: {error}") from None
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
