"""Real files made elsewhere, each converted as its kind suggests, and again as a sticker or a voice note.

Every output is looked at by `independent`; every refusal must be one of those that are right. The folder is named by
`MEDIAPREP_TEST_MEDIA`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest

from mediaprep import check_all, prepare_all
from mediaprep.record import Prepared
from tests import independent

pytestmark = [pytest.mark.media, pytest.mark.slow]

MEDIA = Path(os.environ.get("MEDIAPREP_TEST_MEDIA", "."))

REFUSED: dict[str, str] = {
    **dict.fromkeys(["babys-songbook", "aiff_with_image", "alac_file", "cover_img", "id3v22_image"], "truncated"),
    **dict.fromkeys(["iso8859_with_image", "test2.wma", "variable-block", "zero_width"], "truncated"),
    **dict.fromkeys(["flac_with_image", "sequence_gap", "num_frames_zero", "zero_height"], "damaged"),
    "motion-photo-shortened": "truncated",
    "full_blocks": "no video or audio stream",
    "fixture.jxl": "image/jxl",
    "ilbm": "unknown file type",
}
"""Files outside `hostile/` that are refused, and a word of the reason that must be given."""


def digests(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def convert(folder: str, into: Path, target: str | None = None, profile: str = "whatsapp") -> list[Prepared]:
    before = digests(MEDIA / folder)
    records = list(prepare_all([MEDIA / folder], into=into, target=target, profile=profile))
    assert digests(MEDIA / folder) == before, "a source was touched"
    assert len(records) == len(before)
    return records


def judge(records: list[Prepared], into: Path, *, alpha: bool = True) -> Counter[str]:
    """Look at every output independently; every refusal must have a sentence; nothing else may lie in the folder."""
    wrong = []
    for record in records:
        if record.status == "ready":
            assert record.path is not None and record.target is not None
            try:
                ours = record.action != "pass"
                independent.inspect(Path(record.path), record.target, alpha=alpha, ours=ours)
                assert record.sha256 == hashlib.sha256(Path(record.path).read_bytes()).hexdigest()
                assert not [finding for finding in record.remaining if finding.level == "error"]
            except Exception as error:  # noqa: BLE001 - all of them are wanted in one list
                wrong.append(f"{record.source} -> {record.path}: {type(error).__name__} {error}")
        elif record.error is not None:
            if record.error.type not in KNOWN_TROUBLE or len(record.error.message) < 12:
                wrong.append(f"{record.source}: {record.error}")
        elif not record.remaining:
            wrong.append(f"{record.source}: rejected without a reason")
    assert not wrong, "\n".join(wrong)
    outputs = {Path(record.path) for record in records if record.path}
    assert {path for path in into.rglob("*") if path.is_file()} == outputs
    checked = list(check_all([into])) if outputs else []
    unclean = [r for r in checked if r.status != "ready" and Path(r.source) in outputs and r.target != "document"]
    by_target = {Path(r.path): r.target for r in records if r.path}
    again = [
        f"{r.source} as {by_target[Path(r.source)]}: {r.findings or r.error}"
        for r in unclean
        if by_target[Path(r.source)] == r.target
    ]
    assert not again, "\n".join(again)
    return Counter(record.status for record in records)


KNOWN_TROUBLE = {"Incomplete", "Damaged", "UnknownType", "TooMuch"}


@pytest.mark.parametrize("folder", ["audio", "video", "image", "sticker", "names"])
def test_as_its_kind_suggests(folder: str, tmp_path: Path) -> None:
    records = convert(folder, tmp_path)
    judge(records, tmp_path)
    refused = {Path(r.source).name: r for r in records if r.status != "ready"}
    unexpected = {
        name: r.error or r.remaining for name, r in refused.items() if not any(key in name for key in REFUSED)
    }
    assert not unexpected, "\n".join(f"{name}: {why}" for name, why in unexpected.items())
    for name, record in refused.items():
        word = next(word for key, word in REFUSED.items() if key in name)
        said = record.error.message if record.error else " ".join(f.message for f in record.remaining)
        assert word in said, f"{name}: {said}"


@pytest.mark.parametrize("folder", ["hostile", "tiny", "document"])
def test_what_is_awkward_is_ready_or_refused_with_a_sentence(folder: str, tmp_path: Path) -> None:
    judge(convert(folder, tmp_path), tmp_path)


@pytest.mark.parametrize("folder", ["image", "sticker"])
def test_pictures_as_stickers(folder: str, tmp_path: Path) -> None:
    counts = judge(convert(folder, tmp_path, "sticker"), tmp_path)
    assert counts["ready"] > 25


def test_sound_as_voice_notes(tmp_path: Path) -> None:
    records = convert("audio", tmp_path, "voice")
    assert judge(records, tmp_path)["ready"] > 50
    for record in records:
        if record.status == "ready":
            assert record.waveform is not None and len(record.waveform) == 64
            assert all(0 <= value <= 100 for value in record.waveform)
            assert record.duration is not None


def test_films_as_voice_notes(tmp_path: Path) -> None:
    assert judge(convert("video", tmp_path, "voice"), tmp_path)["ready"] > 40


def test_pictures_for_a_platform_without_transparency(tmp_path: Path) -> None:
    judge(convert("image", tmp_path, profile="engagelab"), tmp_path, alpha=False)
