"""What a voice note costs beside the bare ffmpeg command with the same settings.

`python -m tests.benchmarks.bench_voice` prints processor seconds of the children and of this process, so that a busy
machine does not count. The whole job is the encode and its proof: the decode to the end that also gives the waveform.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mediaprep.encoders.base import Work
from mediaprep.encoders.ogg_opus import OggOpus
from mediaprep.encoders.sound import measure
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import Limits
from mediaprep.running import tools
from tests.benchmarks.timing import cpu

VOICE = Limits(mime=("audio/ogg",), max_bytes=16_000_000, advised_bytes=512_000, sample_rate=16000)
SPEECH_LIKE = (
    "anoisesrc=colour=pink:amplitude=0.5:sample_rate=48000:duration={},tremolo=f=4:d=0.9,aformat=channel_layouts=stereo"
)


def compare(seconds: int, folder: Path) -> tuple[float, float]:
    """Processor seconds of bare ffmpeg, and of the whole job."""
    ffmpeg = tools.ffmpeg().path
    made = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-i", SPEECH_LIKE.format(seconds)]
    subprocess.run([*made, "-c:a", "aac", "-b:a", "128k", "-f", "mp4", "input"], cwd=folder, check=True)
    sound = AudioStream(index=0, codec="aac", channels=2, bit_rate=128_000, duration=float(seconds))
    size = (folder / "input").stat().st_size
    media = Media(name="memo.m4a", size=size, mime="audio/mp4", kind="audio", demuxer="mov", audio=(sound,))
    work = Work(media=media, limits=VOICE, options=Options(), folder=folder)
    encoder = OggOpus()
    recipe = encoder.ladder(media, VOICE, (), Options())[0]
    settings = ["-ac", "1", "-ar", "16000", "-c:a", "libopus", "-application", "voip", "-vbr", "constrained"]
    bare = [ffmpeg, "-v", "error", "-y", "-i", "input", *settings, "-b:a", str(recipe.bit_rate), "bare.ogg"]

    def job() -> None:
        encoder.encode(recipe, work, folder / "output.ogg")
        measure(folder, encoder.expect(recipe, media, VOICE), "output.ogg")

    return cpu(lambda: subprocess.run(bare, cwd=folder, check=True)), cpu(job)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare(1, folder)  # what is imported once does not count
        start = sum(compare(1, folder)[1] for _ in range(3)) / 3
        print(f"fixed start-up: {start:.2f} s of CPU")
        for minutes in (1, 5, 20):
            bare, whole = compare(60 * minutes, folder)
            beyond = (whole - start) / bare
            ratios = f"ratio {whole / bare:.2f}, less start-up {beyond:.2f}"
            print(f"{minutes:3} min: ffmpeg {bare:5.2f} s, whole {whole:5.2f} s, {ratios}")


if __name__ == "__main__":
    main()
