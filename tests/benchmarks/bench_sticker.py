"""What an animated sticker gets out of its 500,000 bytes, and what that costs.

`python -m tests.benchmarks.bench_sticker`. Three clips as other tools were measured with: a noisy film of 12 s, an easy
GIF and a noisy one. Similarity (SSIM of ffmpeg) compares each source frame with what the sticker shows at that moment.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mediaprep.converting.fit import fit
from mediaprep.encoders import Work
from mediaprep.encoders.webp import Webp, WebpEncoder
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning import profiles
from mediaprep.reading.probe import probe
from mediaprep.rules import check_media, errors_of
from mediaprep.running import tools

CLIPS = {
    "noisy 12 s film": (
        "testsrc2=s=640x360:r=30:d=12,noise=alls=12:allf=t",
        "mp4",
        ("-crf", "22", "-pix_fmt", "yuv420p"),
    ),
    "easy 3 s GIF": ("testsrc2=s=480x360:r=20:d=3", "gif", ()),
    "noisy 5 s GIF": ("testsrc2=s=480x480:r=20:d=5,noise=alls=30:allf=t", "gif", ()),
}
LIMITS = profiles.load("whatsapp").limits("animated_sticker")


def ffmpeg(folder: Path, *arguments: str) -> str:
    made = subprocess.run(
        [tools.ffmpeg().path, "-hide_banner", "-y", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return made.stderr


def made(folder: Path, media: Media) -> tuple[Webp, int]:
    """The rung that the search settles on, and how many encodes it took."""
    encoder = WebpEncoder()
    rungs = encoder.ladder(media, LIMITS, errors_of(check_media(media, LIMITS)), Options())
    work = Work(media=media, limits=LIMITS, options=Options(), folder=folder, ceiling=LIMITS.max_bytes)

    def attempt(rung: int) -> int:
        output = folder / f"{rung}.webp"
        encoder.encode(rungs[rung], work, output)
        return output.stat().st_size

    found = fit(rungs, budget=LIMITS.max_bytes, estimate=lambda rung: encoder.estimate(rung, work), attempt=attempt)
    assert found.rung is not None
    (folder / f"{found.rung}.webp").rename(folder / "output.webp")
    return rungs[found.rung], len(found.tried)


def similarity(folder: Path, rate: int) -> float:
    """Mean SSIM over the whole canvas against the source at its full rate."""
    source = f"[1:v]fps={rate},scale=512:512:force_original_aspect_ratio=decrease:flags=lanczos,pad=512:512:-1:-1:white"
    shown = (
        f"color=white:s=512x512:r={rate}[w];[0:v]fps={rate}[s];[w][s]overlay=shortest=1:format=gbrp,format=yuv444p[a]"
    )
    compare = f"{shown};{source},format=yuv444p[b];[a][b]ssim=shortest=1"
    inputs = ["-i", "output.webp", "-t", "10", "-i", "input"]
    said = ffmpeg(folder, *inputs, "-filter_complex", compare, "-f", "null", "-")
    return float(re.findall(r"All:([\d.]+)", said)[-1])


def main() -> None:
    for name, (source, kind, codec) in CLIPS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            ffmpeg(folder, "-f", "lavfi", "-i", source, *codec, "-f", kind, "input")
            started = time.process_time()
            rung, encodes = made(folder, probe(folder / "input", f"clip.{kind}"))
            cpu = time.process_time() - started
            sticker = probe(folder / "output.webp", "output.webp")
            rate = sticker.frames / (sticker.duration or 1)
            alike = similarity(folder, 30 if kind == "mp4" else 20)
            print(
                f"{name:16} {sticker.size:7,} bytes, {rate:4.1f} frames a second for {sticker.duration:.1f} s, "
                f"quality {rung.quality}, detail {rung.detail}, SSIM {alike:.3f}, "
                f"{encodes} encodes, {cpu:.1f} s of CPU"
            )


if __name__ == "__main__":
    main()
