"""`check`, `plan` and `convert`: nothing is uploaded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaprep.cli import show
from mediaprep.cli.help import HOW, WHERE, command, option
from mediaprep.cli.shared import choices, files, with_options
from mediaprep.errors import ToolMissing, UsageError

if TYPE_CHECKING:
    import concurrent.futures

    from mediaprep.pipeline import Stage
    from mediaprep.record import Prepared


@command(
    "check",
    examples=(
        ("mediaprep check holiday.jpg", "Is this photo ready to send?"),
        ("mediaprep check media --profile engagelab", "Check a folder against the limits of EngageLab."),
        ("mediaprep check note.ogg --as voice --json", "Check a voice note, for a program."),
    ),
)
@files
def check_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Check files against the limits of a platform.

    PATH is a file, a folder or an http(s) link. Nothing is written. Exit code 1 if there is any finding.
    """
    return _look("check", paths, as_json, wants)


@command(
    "plan",
    examples=(
        ("mediaprep plan holiday.mov", "What would `convert` do with this video, and why?"),
        ("mediaprep plan logo.png --as sticker", "What would it take to make a sticker?"),
    ),
)
@files
@choices
def plan_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Show what `convert` would do, and why.

    PATH is a file, a folder or an http(s) link. Nothing is written. Exit code 1 if a file needs work.
    """
    return _look("plan", paths, as_json, with_options(wants))


def _look(stage: Stage, paths: tuple[str, ...], as_json: bool, wants: dict[str, Any]) -> int:
    from mediaprep.batch.prepare import check_all

    with show.printer(as_json, stage) as printer:
        for record in check_all(paths, stage=stage, on_start=printer.start, **_profiled(wants)):
            printer.record(record)
    return printer.code


@command(
    "convert",
    examples=(
        ("mediaprep convert holiday.mov --into ready", "One file; the output is ready/holiday.mp4."),
        ("mediaprep convert media --into ready --report report.html", "A folder, with a report for people."),
        ("mediaprep convert memo.wav --as voice --normalize --into ready", "A voice note with normalized loudness."),
    ),
)
@files
@choices
@option("--into", required=True, metavar="DIR", group=WHERE, help="Output folder (required); subfolders are kept.")
@option("--force", is_flag=True, group=HOW, help="Convert files again that are already finished.")
@option("--report", metavar="FILE.html", group=WHERE, help="Write an HTML page with each file and its result.")
@option("--scheduler", metavar="ADDRESS", group=HOW, help="Use a dask.distributed cluster (extra `cluster`).")
def convert_command(
    paths: tuple[str, ...], as_json: bool, report: str | None, scheduler: str | None, **wants: Any
) -> int:
    """Convert files to what a platform accepts.

    PATH is a file, a folder or an http(s) link. A file that complies is copied, one in the wrong container is remuxed,
    and only what must be is encoded. Every output is verified before it appears.
    """
    from mediaprep.batch.prepare import prepare_all

    if report and not Path(report).absolute().parent.is_dir():
        raise UsageError(f"cannot write --report {report}: its folder does not exist")
    wants = with_options(wants)
    records: list[Prepared] = []
    with show.printer(as_json, "prepare") as printer, _cluster(scheduler) as executor:
        for record in prepare_all(
            paths, executor=executor, on_start=printer.start, on_progress=printer.progress, **_profiled(wants)
        ):
            records.append(record)
            printer.record(record)
    if report:
        from mediaprep.cli.report import write_report

        write_report(records, report)
    return printer.code


def _profiled(wants: dict[str, Any]) -> dict[str, Any]:
    """The arguments for the library, which has its own default profile."""
    return {name: value for name, value in wants.items() if name != "profile" or value is not None}


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[concurrent.futures.Executor | None]:
    """The executor of a dask.distributed client, whose workers must have the same files at the same paths."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise ToolMissing(
            "--scheduler requires dask.distributed; install it: pip install 'mediaprep[cluster]'"
        ) from None
    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot connect to --scheduler {address}: {error}") from None
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
