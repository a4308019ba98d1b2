"""ffmpeg, and the only place that starts it.

ffmpeg runs in a private work folder in which files have neutral relative names, confined (see `sandbox`), with an
empty environment, nothing on its standard input, limits of time, memory and file size, and a bounded memory of what it
said. Its exit code is one witness among others: ffmpeg ends with 0 on a full disk and on half a source, so what it
made must still be proved by who asked for it. `-xerror` is left out: it stops at blemishes that every player shrugs
off, and for Matroska, MP3 and Ogg it finds nothing that is missing.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from mediaprep.errors import DiskFull, TimeLimit, ToolCrashed, ToolError, ToolMissing
from mediaprep.running import sandbox, system, worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from mediaprep.media import Media

Node = Any
"""A node of ffmpeg-python's graph, which has no types."""

MEMORY = 6 << 30
"""Address space in bytes; x264 looking ahead over 8K film needs more than 4 GiB of it."""
LARGEST_FILE = 4 << 30
"""Bytes of the largest file that may be written where no ceiling is given."""

# Without a cap glibc sets 64 MiB of address space aside for each of x264's threads: gigabytes on a big machine.
_ENVIRONMENT = {"LC_ALL": "C", "MALLOC_ARENA_MAX": "4"}
_KEPT_WORDS = 4096
_AFTERWARDS = 60.0
"""Seconds that a job may still take once its tool has used up all of its own."""
_ANSWER = 120.0
"""Seconds that ffmpeg may take to say what it is: only a very busy machine takes long."""
_LAST_WORDS = 10.0
"""Seconds to wait for the end of what a tool said that has ended."""
_LONGEST_SENTENCE = 300
_NO_SPACE = re.compile(rb"No space left on device|Disk quota exceeded")
_BOILERPLATE = re.compile(
    r"Conversion failed!|Error opening (input|output) files?\b|Task finished with error|Terminating thread with return"
    r"|Nothing was written into output|Error sending frames to consumers|Last message repeated"
)


class Ffmpeg(Struct, frozen=True):
    path: str
    version: str


class Finished(Struct, frozen=True):
    """How a run went: wall and processor seconds (0 on Windows, which does not tell), what ffmpeg said last, and the
    level of `sandbox` it ran on.
    """

    seconds: float
    cpu: float
    last_words: str
    level: str


class Overshoot(Exception):
    """The watched output outgrew its ceiling and the run was stopped there, `reached` bytes in. No fault: a
    search for size goes on from it."""

    def __init__(self, reached: int) -> None:
        super().__init__(reached)
        self.reached = reached

    def __str__(self) -> str:
        return f"the output exceeded its size limit: stopped at {self.reached:,} bytes"


@functools.cache
def ffmpeg() -> Ffmpeg:
    """The ffmpeg to use: the one `MEDIAPREP_FFMPEG` names, else the one that came with pip, else the one on PATH."""
    named = os.environ.get("MEDIAPREP_FFMPEG")
    for path in [named] if named else [*_bundled(), shutil.which("ffmpeg")]:
        if path and (version := re.search(r"^ffmpeg version (\S+)", _ask(path, "-version"))):
            return Ffmpeg(str(Path(shutil.which(path) or path).absolute()), version[1])
    if named:
        raise ToolMissing(
            f"invalid MEDIAPREP_FFMPEG: {named} is not an ffmpeg that runs. Unset it, or run `mediaprep doctor`"
        )
    raise ToolMissing("ffmpeg not found. Run `mediaprep doctor` to see what to install")


@functools.cache
def features() -> frozenset[str]:
    """The names of the encoders and filters that this ffmpeg was built with."""
    listed = _ask(ffmpeg().path, "-hide_banner", "-encoders") + _ask(ffmpeg().path, "-hide_banner", "-filters")
    return frozenset(re.findall(r"^ [A-Z.]{2,6} ([A-Za-z0-9_]+) ", listed, re.MULTILINE))


def source(media: Media, name: str = "input", **extra: object) -> Node:
    """An input node of ffmpeg-python for the staged file `name`, which opens as the container it was sniffed to be."""
    import ffmpeg as graph

    from mediaprep.running import allowlists

    return graph.input(f"file:{name}", **allowlists.input_options(media.demuxer), **extra)


def arguments(node: Node) -> list[str]:
    """What ffmpeg is to be called with, its own name aside, to make the output node of ffmpeg-python."""
    import ffmpeg as graph

    return ["-hide_banner", "-nostdin", "-y", "-v", "error", *graph.get_args(node)]


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    duration: float | None = None,
    progress: Callable[[float], None] | None = None,
    ceiling: tuple[str, int] | None = None,
) -> Finished:
    """Run ffmpeg in `folder` for at most `seconds`.

    `progress` hears the share done, 0 to 1, of an output of `duration` seconds; what it raises stops the run.
    `ceiling` names an output and the bytes it may have: on Unix the kernel stops the run at the first byte beyond.
    Raises `Overshoot`, `TimeLimit`, `DiskFull`, `ToolCrashed`, or `ToolError` with ffmpeg's own last words.
    """
    reporting = ["-nostats", "-progress", "pipe:1", *arguments]
    with _Run(reporting, folder, seconds, ceiling) as process:
        report = b""
        for block in process.output():
            *lines, report = (report + block).split(b"\n")
            if progress and duration and (share := _share_done(lines, duration)) is not None:
                progress(share)
        finished = process.finish()
    if progress:
        progress(1.0)
    return finished


def stream(arguments: Sequence[str], *, folder: Path, seconds: float, block: int = 65536) -> Iterator[bytes]:
    """What ffmpeg writes to `pipe:1`, in blocks of exactly `block` bytes, the last one shorter.

    The guards and errors are those of `run`; a run that ends badly raises after its last whole block. Closing the
    iterator ends ffmpeg. The `seconds` include the time the caller spends between blocks, and the thread that takes
    the first block must outlive the stream (see `system.die_with`).
    """
    with _Run(arguments, folder, seconds) as process:
        rest = bytearray()
        for part in process.output():
            rest += part
            while len(rest) >= block:
                yield bytes(rest[:block])
                del rest[:block]
        process.finish()
        if rest:
            yield bytes(rest)


def last_words(said: bytes | bytearray) -> str:
    """The last three things ffmpeg said that mean something, on one line of at most 300 characters."""
    plain = re.sub(r"\[[^]\n]* @ 0x[0-9a-f]+\] *", "", said.decode(errors="replace"))
    plain = re.sub(r"not on whitelist '[^'\n]*'", "is not allowed", plain)
    clean = ("".join(c if c.isprintable() else " " for c in line).strip() for line in plain.splitlines())
    meaningful = dict.fromkeys(line for line in clean if line and not _BOILERPLATE.match(line))
    words = "; ".join([*meaningful][-3:])
    return words if len(words) <= _LONGEST_SENTENCE else f"…{words[1 - _LONGEST_SENTENCE :]}"


class _Run:
    """One ffmpeg at work, from its start to its end; leaving the context ends it."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, seconds: float, ceiling: tuple[str, int] | None = None
    ) -> None:
        self.folder = folder
        self.seconds = seconds
        self.ceiling = ceiling
        self.said = bytearray()
        self.said_disk_full = False
        self.was_stopped = False
        self.bounds = sandbox.Bounds(
            memory=MEMORY,
            # One byte more than allowed, so that a file of just the allowed size is told from one that was stopped.
            file_size=ceiling[1] + 1 if ceiling else LARGEST_FILE,
            cpu=math.ceil(seconds * (os.cpu_count() or 1)) + 1,
        )
        worker.allow_time(seconds + _AFTERWARDS)
        self.started = time.monotonic()
        self.level = sandbox.level()
        linked = _linked_sources(arguments, folder)
        self.process = subprocess.Popen(
            sandbox.confine([ffmpeg().path, *arguments], folder, linked, self.bounds, self.level),
            cwd=folder,
            env=_ENVIRONMENT | system.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Where it does not end with its parent it stays in the parent's group, to be ended with that.
            start_new_session=system.LINUX,
        )
        self._ear = threading.Thread(target=self._listen, name="mediaprep-ear", daemon=True)
        self._clock = threading.Timer(seconds, self._stop)
        self._clock.daemon = True
        self._ear.start()
        self._clock.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stop_clock()
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        self._ear.join(_LAST_WORDS)

    def output(self) -> Iterator[bytes]:
        """Its standard output as it comes, while a thread listens to its words and another ends it in time: what
        waits for several pipes at once does not on Windows.
        """
        assert self.process.stdout
        while data := self.process.stdout.read(65536):
            self._check_size()
            yield data
        self._ear.join(_LAST_WORDS)

    def finish(self) -> Finished:
        """Wait for the end and judge it."""
        self._stop_clock()
        while (end := system.ended(self.process)) is None:
            if time.monotonic() >= self.started + self.seconds:
                raise self._too_slow()
            time.sleep(0.005)
        code, cpu = end
        words = last_words(self.said)
        if self.said_disk_full:
            raise DiskFull("no space left on the disk that ffmpeg writes to; free some space and run again")
        self._check_size(ended=True)
        if self.was_stopped or cpu >= self.bounds.cpu:
            raise self._too_slow()
        if number := sandbox.exit_signal(code, self.level):
            name = signal.Signals(number).name
            raise ToolCrashed(f"ffmpeg was ended by {name}: {words or 'no reason given'}; the file may be damaged")
        if code:
            raise ToolError(f"ffmpeg failed with exit code {code}: {words or 'no reason given'}")
        return Finished(time.monotonic() - self.started, cpu, words, self.level)

    def _stop(self) -> None:
        """When its time is over: that ends what it says, and whoever waits for more of it."""
        self.was_stopped = True
        system.kill(self.process)

    def _stop_clock(self) -> None:
        self._clock.cancel()
        self._clock.join()

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr as pipe:
            while data := pipe.read(65536):
                self.said += data
                self.said_disk_full = self.said_disk_full or _NO_SPACE.search(self.said) is not None
                del self.said[:-_KEPT_WORDS]

    def _check_size(self, *, ended: bool = False) -> None:
        """Where the kernel holds the ceiling, the end is soon enough."""
        if self.ceiling and (ended or not system.UNIX):
            reached = _size(self.folder / self.ceiling[0])
            if reached > self.ceiling[1]:
                raise Overshoot(reached)

    def _too_slow(self) -> TimeLimit:
        return TimeLimit(f"ffmpeg took longer than its time limit of {self.seconds:g} s; try a shorter file")


def _linked_sources(arguments: Sequence[str], folder: Path) -> list[Path]:
    """What the inputs that are links in the work folder point to."""
    inputs = (folder / value.removeprefix("file:") for option, value in pairwise(arguments) if option == "-i")
    return [path.readlink() for path in inputs if path.is_symlink()]


def _share_done(lines: Sequence[bytes], duration: float) -> float | None:
    """The last `out_time_us` of a progress report as a share of the whole; it is `N/A` before the first packet."""
    times = [match[1] for line in lines if (match := re.match(rb"out_time_us=(\d+)", line))]
    return min(1.0, int(times[-1]) / 1e6 / duration) if times else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _bundled() -> list[str]:
    """The binary inside the package imageio-ffmpeg; asking that package for it would run it each time."""
    package = importlib.util.find_spec("imageio_ffmpeg")
    folders = (package.submodule_search_locations if package else None) or []
    return [str(path) for folder in folders for path in Path(folder).glob("binaries/ffmpeg*")]


def _ask(path: str, *question: str) -> str:
    """What a program answers, empty where it does not run."""
    try:
        asked = [path, *question]
        answer = subprocess.run(asked, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ANSWER)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode(errors="replace")
