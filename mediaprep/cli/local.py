"""`check`, `plan` and `convert`: nothing leaves this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mediaprep.cli import show
from mediaprep.cli.options import choices, files, with_options
from mediaprep.errors import ToolMissing, UsageError

if TYPE_CHECKING:
    import concurrent.futures

    from mediaprep.pipeline import Stage
    from mediaprep.record import Prepared


@click.command("check")
@files
def check_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Say what a platform would find wrong. Exit code 1 when there is anything."""
    return _look("check", paths, as_json, wants)


@click.command("plan")
@files
@choices
def plan_command(paths: tuple[str, ...], as_json: bool, **wants: Any) -> int:
    """Say what `convert` would do, and why. Nothing is written."""
    return _look("plan", paths, as_json, with_options(wants))


def _look(stage: Stage, paths: tuple[str, ...], as_json: bool, wants: dict[str, Any]) -> int:
    from mediaprep.batch.prepare import check_all

    with show.printer(as_json, stage) as printer:
        for record in check_all(paths, stage=stage, on_start=printer.start, **_profiled(wants)):
            printer.record(record)
    return printer.code


@click.command("convert")
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
    from mediaprep.batch.prepare import prepare_all

    if report and not Path(report).absolute().parent.is_dir():
        raise UsageError(f"the report {report} cannot be written: its folder is not there")
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
    """The wishes; a profile that nobody named is left to the library."""
    return {name: value for name, value in wants.items() if name != "profile" or value is not None}


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
