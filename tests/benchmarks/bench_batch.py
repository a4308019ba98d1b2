"""What passing, remuxing and a folder cost. Prints; judges nothing.

    python -m tests.benchmarks.bench_batch

Processor seconds of the worker and its tools against the bare command doing the same, in turn, the least of five.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from mediaprep import prepare_all
from mediaprep.pipeline import Job, Request, work
from mediaprep.planning.profiles import load
from mediaprep.running import tools
from tests.benchmarks.timing import cpu

RUNS = 5


def in_turn(ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float]:
    """The least of `RUNS` of each, one after the other."""
    pairs = [(cpu(ours), cpu(bare)) for _ in range(RUNS)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def ffmpeg(*arguments: str) -> None:
    subprocess.run([tools.ffmpeg().path, "-nostdin", "-y", "-v", "error", *arguments], check=True)


def job(source: Path, folder: Path) -> Callable[[], object]:
    def run() -> object:
        scratch = Path(tempfile.mkdtemp(dir=folder))
        record = work(
            Job(
                source=source,
                request=Request(profile=load("engagelab")),
                scratch=scratch,
                into=folder / "out",
                stem="x",
            )
        )
        assert record.status == "ready", record
        Path(str(record.path)).unlink()
        shutil.rmtree(scratch)
        return record

    run()
    return run


def passing(folder: Path) -> None:
    source = folder / "paper.pdf"
    source.write_bytes(b"%PDF-1.4\n" + os.urandom(90_000_000) + b"\n%%EOF\n")
    ours, bare = in_turn(job(source, folder), lambda: shutil.copyfile(source, folder / "copy"))
    print(f"pass, 90 MB document: {ours:.3f} s CPU, a copy {bare:.3f} s; the rest is its SHA-256")


def remuxing(folder: Path) -> None:
    source = folder / "film.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=60", "-f", "lavfi", "-i", "sine=d=60", "-c:v", "libx264",
        "-profile:v", "main", "-bf", "0", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-b:v", "1900k", "-c:a", "aac",
        str(source),
    )  # fmt: skip
    bare = folder / "bare.mp4"
    ours, plain = in_turn(
        job(source, folder),
        lambda: ffmpeg("-i", str(source), "-c", "copy", "-map_metadata", "-1", "-movflags", "+faststart", str(bare)),
    )
    print(f"remux, {source.stat().st_size / 1e6:.1f} MB film of 60 s: {ours:.3f} s CPU, bare ffmpeg {plain:.3f} s")


def folder_of_small_files(folder: Path) -> None:
    tree = folder / "tree"
    tree.mkdir()
    for number in range(200):
        Image.effect_noise((640, 480), 60).convert("RGB").save(tree / f"{number}.bmp")
    started = time.monotonic()
    spent = cpu(lambda: list(prepare_all([tree], into=folder / "ready")))
    took = time.monotonic() - started
    cores = os.cpu_count() or 1
    print(f"folder, 200 small pictures: {took:.1f} s, {spent:.1f} s CPU, {spent / took / cores:.0%} of {cores} cores")


def memory_of_a_large_film(folder: Path) -> None:
    source = folder / "large.mov"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=24", "-c:v", "rawvideo", "-pix_fmt", "rgb24", str(source))
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from mediaprep.pipeline import Job, Request\n"
        "from mediaprep.pipeline import work\n"
        "from mediaprep.planning.profiles import load\n"
        "source, folder = map(Path, sys.argv[1:])\n"
        "request = Request(profile=load('whatsapp'))\n"
        "work(Job(source=source, request=request, scratch=folder / 'm', into=folder / 'out', stem='m'))\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(source), str(folder)], capture_output=True, text=True, check=True
    )
    ours, children = (int(word) / 1024 for word in done.stdout.split())
    print(f"memory, film of {source.stat().st_size / 1e9:.1f} GB: the worker {ours:.0f} MiB, ffmpeg {children:.0f} MiB")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["MEDIAPREP_STATE"] = str(Path(name) / "state")
        for bench in (memory_of_a_large_film, passing, remuxing, folder_of_small_files):
            bench(Path(name))


if __name__ == "__main__":
    main()
