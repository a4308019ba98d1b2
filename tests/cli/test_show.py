"""Records in the words of people."""

from __future__ import annotations

import pytest

from mediaprep.cli import show
from mediaprep.planning.profiles import load
from mediaprep.record import Failure, Prepared
from mediaprep.rules import RULES, Finding

HEVC = Finding(
    code="MP301",
    name="video-codec",
    level="error",
    message="video codec is hevc; accepted: h264",
    cure="encode",
    part="video",
)
LARGE = Finding(
    code="MP104", name="large-for-app", level="warning", message="the file is large", cure="pass", part="file"
)


def test_a_ready_file_says_where_it_is_and_why_it_was_made() -> None:
    record = Prepared(
        source="a.mov", status="ready", target="video", action="encode", path="out/a.mp4", bytes=15_911_020,
        findings=(HEVC,), remaining=(LARGE,), changes=("scaled from 3840x2160 to 1920x1080",),
    )  # fmt: skip
    assert show.lines(record, "prepare").splitlines() == [
        "✓ a.mov -> out/a.mp4: ready, video, encode, 15.91 MB",
        "    MP301 video codec is hevc; accepted: h264",
        "    still: MP104 warning: the file is large",
        "    changed: scaled from 3840x2160 to 1920x1080",
    ]


def test_a_failed_file_is_one_line() -> None:
    record = Prepared(source="a.mp4", status="failed", error=Failure("Incomplete", "cut short"))
    assert show.lines(record, "prepare") == "✗ a.mp4: failed: cut short"


def test_a_plan_says_what_would_become_of_it() -> None:
    record = Prepared(
        source="a.mov", status="needs-work", target="video", action="encode", mime="video/mp4", findings=(HEVC,)
    )
    assert "would become video/mp4" in show.lines(record, "plan")
    assert "would become" not in show.lines(record, "check")


@pytest.mark.parametrize(
    ("counts", "words"),
    [({}, ""), ({"ready": 1}, "1 file: 1 ready"), ({"ready": 2, "failed": 1}, "3 files: 2 ready, 1 failed")],
)
def test_the_count(counts: dict[str, int], words: str) -> None:
    assert show.summary(counts) == words


def test_every_rule_and_profile_can_be_shown() -> None:
    for rule in RULES.values():
        assert show.rule(rule).startswith(f"{rule.code} {rule.name}")
    text = show.profile(load("whatsapp"))
    assert "max_bytes = 16,000,000 bytes" in text and "audio_codec = audio/aac: aac" in text
