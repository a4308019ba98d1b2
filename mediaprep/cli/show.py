"""How records look: JSON lines on stdout for programs, sentences and a progress bar on stderr for people."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mediaprep.errors import OutputError
from mediaprep.record import Predicted, Prepared, printable
from mediaprep.rules import Finding, Rule
from mediaprep.rules.base import megabytes

if TYPE_CHECKING:
    from mediaprep.cli.doctor import Check
    from mediaprep.planning.profiles import Profile

MARKS = {"ready": "✓", "published": "✓", "needs-work": "→", "rejected": "✗", "failed": "✗"}


def printer(as_json: bool, stage: str) -> Printer:
    if as_json:
        return JsonPrinter(stage)
    return LivePrinter(stage) if sys.stderr.isatty() else Printer(stage)


class Printer:
    """Prints each record as it is done, then a count; `code` is the exit code so far."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Printer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.say(summary(self.counts))

    @property
    def code(self) -> int:
        return 1 if any(self.counts.get(status) for status in ("needs-work", "rejected", "failed")) else 0

    def start(self, count: int) -> None:
        if count == 0:
            self.say("no files found (hidden files are skipped)")

    def progress(self, source: str, fraction: float) -> None:
        """No-op: progress is shown on a terminal only."""

    def record(self, record: Prepared) -> None:
        status = "failed" if record.error else record.status
        self.counts[status] = self.counts.get(status, 0) + 1
        self.show(record)

    def show(self, record: Prepared) -> None:
        self.say(lines(record, self.stage))
        if record.message is not None:
            self.give(message(record.message))
        elif record.reference is not None:
            self.give(next(iter(record.reference.values())))

    def give(self, line: str) -> None:
        """Print a result for programs, on stdout."""
        write_line(line)

    def say(self, text: str) -> None:
        if text:
            click.echo(text, err=True)


class JsonPrinter(Printer):
    """One record per line on stdout, nothing else."""

    def show(self, record: Prepared) -> None:
        write_line(record.json(without=("path",) if self.stage in ("check", "plan") else ()))

    def say(self, text: str) -> None:
        """No-op: with `--json` there are no messages."""


class LivePrinter(Printer):
    """A progress bar below the lines, on a terminal."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = Console(stderr=True, highlight=False)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task: Any = None
        self.running: dict[str, float] = {}
        self.done = 0

    def __enter__(self) -> Printer:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.bar.stop()
        super().__exit__(kind, *rest)

    def start(self, count: int) -> None:
        super().start(count)
        self.task = self.bar.add_task("starting", total=count)

    def progress(self, source: str, fraction: float) -> None:
        self.running[source] = fraction
        self._update(source)

    def record(self, record: Prepared) -> None:
        self.running.pop(record.source, None)
        self.done += 1
        super().record(record)
        self._update(record.source)

    def _update(self, source: str) -> None:
        percent = f" {self.running[source]:.0%}" if source in self.running else ""
        name = source.rsplit("/", 1)[-1]
        self.bar.update(
            self.task, completed=self.done + sum(self.running.values()), description=f"{name[:40]}{percent}"
        )

    def say(self, text: str) -> None:
        if text:
            self.console.print(text, markup=False, soft_wrap=True)

    def give(self, line: str) -> None:
        """Hide the bar while stdout is the same terminal, else the bar would overwrite the line."""
        if sys.stdout is None or not sys.stdout.isatty():
            super().give(line)
            return
        self.bar.stop()
        super().give(line)
        self.bar.start()


def write_line(line: str) -> None:
    """One line for programs, on stdout, always in UTF-8. Raises `OutputError`."""
    try:
        click.echo(line.encode())
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is buffered would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to standard output: {error.strerror}") from None


def fault(error: Exception) -> None:
    """The error that ended a command, as one line without control characters."""
    click.echo(f"mediaprep: {printable(str(error))}", err=True)


def summary(counts: dict[str, int]) -> str:
    """`3 files: 2 ready, 1 failed`."""
    total = sum(counts.values())
    if not total:
        return ""
    words = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"{total} file{'s' if total != 1 else ''}: {words}"


def lines(record: Prepared, stage: str) -> str:
    """A record for people: one line, and below it one for each finding and each change."""
    head = f"{MARKS[record.status]} {record.source}"
    if record.error is not None:
        return f"{head}: failed: {record.error.message}"
    if record.path is not None:
        head += f" -> {record.path}"
    head += f": {record.status}, {record.target}, {record.action}"
    if record.bytes is not None and record.status != "rejected":
        head += f", {megabytes(record.bytes)}"
    if record.status == "published":
        head += f", {'uploaded' if record.uploaded else 'already uploaded'}"
        head += f", expires at {record.expires}" if record.expires else ""
    below = [finding_line(finding) for finding in record.findings]
    if record.status == "rejected":
        below = [finding_line(finding) for finding in record.remaining]
    elif record.status in ("ready", "published") and stage not in ("check", "plan"):
        seen = set(record.findings)
        below += [f"still: {finding_line(finding)}" for finding in record.remaining if finding not in seen]
    if stage == "plan" and record.mime and record.status == "needs-work" and record.action not in ("reject", "pass"):
        below.append(f"would become {record.mime}{foretold(record.predicted)}")
    below += [f"changed: {change}" for change in record.changes]
    return "\n".join([head, *(f"    {line}" for line in below)])


def foretold(predicted: Predicted | None) -> str:
    """`: 640x360, 30 fps, about 1.20 MB, takes about 3 s`; figures that are not known are left out."""
    if predicted is None:
        return ""
    said = [f"{predicted.width}x{predicted.height}"] if predicted.width else []
    said += [f"{predicted.fps:.4g} fps"] if predicted.fps else []
    said += [f"about {megabytes(predicted.bytes)}"] if predicted.bytes is not None else []
    if seconds := predicted.seconds:
        said.append(f"takes about {max(0.1, seconds):.{0 if seconds >= 3 else 1}f} s")
    return f": {', '.join(said)}" if said else ""


def message(payload: dict[str, Any]) -> str:
    """A payload as one line of JSON, not escaped to ASCII where UTF-8 can represent it."""
    text = json.dumps(payload, ensure_ascii=False)
    return text if text.isascii() or not _surrogates(text) else json.dumps(payload)


def _surrogates(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def finding_line(finding: Finding) -> str:
    level = "" if finding.level == "error" else f"{finding.level}: "
    return f"{finding.code} {level}{finding.message}"


def rule(one: Rule[...]) -> str:
    """A rule's manual page."""
    return f"{one.code} {one.name} ({one.level}, part: {one.part}, cure: {one.cure.word})\n\n{one.manual}"


def profile(one: Profile) -> str:
    """One profile's limits, each with its source and the date when it was checked."""
    from mediaprep.rules import Limits

    out = [f"{one.name}: {one.title}"]
    for target, limits in one.targets.items():
        out.append(f"\n[{target}]")
        for key in Limits.__struct_fields__:
            value = getattr(limits, key)
            if value in (None, (), {}):
                continue
            source = one.source(target, key)
            said = f"{source.title} ({source.checked})" if source else f"set in {one.file}"
            out.append(f"{key} = {_value(key, value)}  # {said}")
    cited = {source.url: source.title for source in one.sources if source.url}
    out += ["", *(f"{title}: {url}" for url, title in cited.items())]
    return "\n".join(out)


def _value(key: str, value: Any) -> str:
    if key in ("max_bytes", "error_above", "advised_bytes"):
        return f"{value:,} bytes"
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{k}: {', '.join(v) if isinstance(v, tuple) else v}" for k, v in value.items())
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def health(checks: list[Check], as_json: bool) -> str:
    """What `doctor` found."""
    if as_json:
        return msgspec.json.encode(checks).decode()
    return "\n".join(
        f"{'✓' if one.found else '✗' if one.needed else '-'} {one.name}: {one.detail}"
        + (f"\n    {one.advice}" if one.advice else "")
        for one in checks
    )
