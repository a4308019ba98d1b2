"""What a film costs beside the bare ffmpeg command with the same settings: processor seconds, as a ratio.

Run it by hand: `python -m tests.benchmarks.bench_film [SECONDS]`. It prints and judges nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from mediaprep.converting.convert import Made, convert
from mediaprep.encoders import Work
from mediaprep.encoders.film import FilmRecipe
from mediaprep.encoders.film.graph import film_arguments
from mediaprep.encoders.mp4 import Mp4
from mediaprep.options import Options
from mediaprep.planning.planner import Plan, Route
from mediaprep.planning.profiles import load
from mediaprep.reading.probe import probe
from mediaprep.rules import Action
from mediaprep.running import tools
from tests.benchmarks.timing import timed

ENCODER = Mp4()
BUDGETS = (1_000_000_000, 20_000_000, 3_000_000)
"""Bytes: one that needs no sample, one that a sample says is enough, and one that is too little."""

RUNS = 3
"""Of each, in turn; the least counts, as what is more comes from others on the machine."""


def make(path: Path, seconds: int) -> None:
    busy = f"testsrc2=size=1280x720:rate=30:duration={seconds},noise=alls=6:allf=t,gblur=sigma=1"
    subprocess.run(
        [
            tools.ffmpeg().path, "-v", "error", "-y", "-f", "lavfi", "-i", busy, "-f", "lavfi", "-i",
            f"sine=duration={seconds}", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "ac3", "-f",
            "matroska", str(path),
        ],
        check=True,
    )  # fmt: skip


def whole(work: Work, ladder: tuple[FilmRecipe, ...]) -> FilmRecipe:
    """Everything that happens to a film: probe, search for size, encode, proof by decoding. The recipe that fits."""
    media = probe(work.source, work.media.name)
    routes = (Route("video/mp4", ladder),)
    plan = Plan(action=Action.ENCODE, target="video", limits=work.limits, routes=routes)
    made = convert(plan, media, work.options, work.folder)
    assert isinstance(made, Made), made
    return ladder[int(made.path.stem.removeprefix("output-"))]


def bare(work: Work, recipe: FilmRecipe) -> None:
    """The same commands, started by hand."""
    for part in (1, 2) if recipe.encodes == 2 else (0,):
        line = film_arguments(recipe, work.media, work.options.background, "bare.mp4", part=part)
        subprocess.run([tools.ffmpeg().path, *line], cwd=work.folder, check=True)


def main(seconds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "input", seconds)
        for budget in BUDGETS:
            limits = replace(load("whatsapp").limits("video"), max_bytes=budget, error_above=None)
            media = probe(folder / "input", "film.mkv")
            work = Work(media=media, limits=limits, options=Options(), folder=folder, ceiling=budget)
            ladder = tuple(ENCODER.ladder(media, limits, (), Options()))
            rounds = []
            for _ in range(RUNS):
                work.notes.clear()
                ours, chosen = timed(whole, work, ladder)
                rounds.append((ours, timed(bare, work, chosen)[0]))
            ours, theirs = (min(times) for times in zip(*rounds, strict=True))
            way = "constant quality" if chosen.aim is None else "two passes"
            print(f"film of {seconds} s, {way}: {ours:.1f} s, bare ffmpeg {theirs:.1f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
