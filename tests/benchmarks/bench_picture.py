"""What a photo costs beside bare Pillow doing the same: opened, turned, converted to sRGB, saved at the same quality.

`python -m tests.benchmarks.bench_picture`. Processor seconds of one process each, so that a busy machine does not
count, and the most memory that our process had. The whole job is the search for the rung and the encode.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import material

ROOT = Path(__file__).parents[2]

COMMON = """
import io, json, sys, time
from pathlib import Path
from PIL import Image, ImageCms, ImageOps
folder, budget = Path(sys.argv[1]), int(sys.argv[2])
source = folder / "input"
"""

BARE = """
started = time.process_time()
image = ImageOps.exif_transpose(Image.open(source))
if icc := image.info.get("icc_profile"):
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), inPlace=True)
image.save(folder / "bare.jpg", quality=90)
"""

OURS = """
from mediaprep.encoders.base import Work
from mediaprep.encoders.jpeg import JPEG
from mediaprep.converting.fit import fit
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Limits
with Image.open(source) as image:
    (width, height), wide = image.size, "icc_profile" in image.info
media = Media(
    name="a.jpg", size=source.stat().st_size, mime="image/jpeg", kind="image", mode="RGB", width=width, height=height,
    orientation=6, colour_space="Display P3" if wide else "",
)
limits = Limits(mime=("image/jpeg",), max_bytes=budget)
started = time.process_time()
work = Work(media=media, limits=limits, options=Options(), folder=folder, ceiling=budget)
ladder = JPEG.ladder(media, limits, (), Options())
def attempt(rung):
    JPEG.encode(ladder[rung], work, folder / "ours.jpg")
    return (folder / "ours.jpg").stat().st_size
found = fit(ladder, budget=budget, estimate=lambda recipe: JPEG.estimate(recipe, work), attempt=attempt)
assert found.rung is not None
"""

REPORT = """
seconds = time.process_time() - started
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak * 1024]))
"""


def measured(script: str, folder: Path, budget: int) -> tuple[float, int]:
    """Processor seconds, the best of three, and peak bytes."""
    command = [sys.executable, "-c", COMMON + script + REPORT, str(folder), str(budget)]
    runs = [json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout) for _ in range(3)]
    return min(seconds for seconds, _ in runs), max(peak for _, peak in runs)


def photo(path: Path, size: tuple[int, int], **known: bytes) -> None:
    """A grainy landscape, as a phone stores it: on its side."""
    width, height = size
    scene = material.photo(width // 4, height // 4).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise((1024, 1024), 12)
    for left in range(0, width, 1024):
        for top in range(0, height, 1024):
            tile = scene.crop((left, top, left + 1024, top + 1024))
            scene.paste(Image.blend(tile, grain.convert("RGB"), 0.3), (left, top))
    scene.save(path, "JPEG", quality=90, exif=material.exif(6), **known)


def main() -> None:
    cases = {
        "12 megapixels": ((4000, 3000), 20_000_000, {}),
        "12 megapixels, Display P3": ((4000, 3000), 20_000_000, {"icc_profile": material.display_p3()}),
        "12 megapixels into 1 MB": ((4000, 3000), 1_000_000, {}),
        "48 megapixels into 5 MB": ((8000, 6000), 5_000_000, {}),
    }
    for name, (size, budget, known) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            photo(Path(folder) / "input", size, **known)
            bare, _ = measured(BARE, Path(folder), budget)
            ours, peak = measured(OURS, Path(folder), budget)
        print(f"{name}: {ours:.2f} s, bare Pillow {bare:.2f} s, ratio {ours / bare:.2f}, peak {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
