"""Profiles are data: every limit has a source and a day, and every mistake is one line that names the key."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from mediaprep.errors import ProfileError, UsageError
from mediaprep.planning.profiles import SHIPPED, load, parse

GOOD = """
[sources.mine]
title = "My gateway"
checked = 2026-11-21
[image]
source = { "*" = "mine" }
mime = ["image/jpeg"]
max_bytes = "2 MB"
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_limit_has_a_source_and_a_day(name: str) -> None:
    profile = load(name)
    for target, limits in profile.targets.items():
        for key, value in msgspec.structs.asdict(limits).items():
            if value not in (None, (), {}):
                source = profile.source(target, key)
                assert source is not None, f"{name} [{target}] {key}"
                assert source.checked.year >= 2026


def test_the_engagelab_table_is_there_whole() -> None:
    profile = load("engagelab")
    assert profile.limits("image").mime == ("image/jpeg", "image/png")
    assert profile.limits("image").alpha is False
    assert profile.limits("image").max_bytes == 5_000_000
    video = profile.limits("video")
    assert (video.mime, video.max_bytes) == (("video/mp4", "video/3gpp"), 16_000_000)
    assert (video.video_codec, video.audio_codec["video/mp4"]) == (("h264",), ("aac",))
    audio = profile.limits("audio")
    assert set(audio.mime) == {"audio/aac", "audio/mp4", "audio/amr", "audio/mpeg", "audio/ogg"}
    assert audio.audio_codec["audio/ogg"] == ("opus",)
    assert audio.max_bytes == 16_000_000
    assert (profile.limits("document").mime, profile.limits("document").max_bytes) == (("*/*",), 100_000_000)
    assert profile.limits("template_document").mime == ("application/pdf",)
    assert (profile.limits("sticker").max_bytes, profile.limits("animated_sticker").max_bytes) == (100_000, 500_000)
    assert profile.limits("sticker").error_above is None, "sticker limits are hard"


@pytest.mark.parametrize("name", SHIPPED)
def test_decimal_is_made_and_binary_is_tolerated(name: str) -> None:
    for target, limits in load(name).targets.items():
        if limits.error_above is not None and limits.max_bytes is not None:
            assert limits.error_above == limits.max_bytes * 1024**2 // 1000**2, target


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD)
    profile = load(path)
    assert profile.name == "gateway"
    assert profile.limits("image").max_bytes == 2_000_000


def test_a_profile_can_start_from_a_shipped_one() -> None:
    profile = parse('extends = "whatsapp"\nsticker = false\n[image]\nmax_side = 1600\n', "mine")
    assert profile.limits("image").max_side == 1600
    assert profile.limits("image").mime == ("image/jpeg", "image/png")
    assert "sticker" not in profile.targets
    grand = parse('extends = "wassenger"\n[image]\nmax_side = 800\n', "mine")
    assert (grand.limits("image").max_side, grand.limits("image").modes) == (800, ("RGB", "RGBA"))


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[image]\nmime = ["a/b"]\nmax_byte = "5 MB"', ["[image]", '"max_byte"', 'did you mean "max_bytes"']),
        ('[image]\nmime = ["a/b"]\nmax_bytes = "5 Mo"', ["max_bytes", "5 Mo", "MB"]),
        ('[image]\nmime = ["a/b"]\nmax_bytes = "5 s"', ["max_bytes", "unit of size"]),
        ('[image]\nmime = ["a/b"]\nmax_duration = "10 MB"', ["max_duration", "unit of time"]),
        ('[image]\nmime = ["a/b"]\nmax_bytes = -3', ["max_bytes"]),
        ('[image]\nmime = ["a/b"]\nmax_bytes = nan', ["max_bytes", "whole number"]),
        ('[image]\nmime = ["a/b"]\nalpha = "no"', ["alpha", "true or false"]),
        ('[image]\nmime = "image/jpeg"', ["mime", "list"]),
        ('[image]\nmax_bytes = "5 MB"', ["lacks mime"]),
        ('[image]\nmime = ["a/b"]\nmetadata = ["gps"]', ["metadata", "gps", "location"]),
        (
            '[image]\nmime = ["a/b"]\nfallback = "documnt"\n[document]\nmime = ["*/*"]',
            ["fallback", 'did you mean "document"'],
        ),
        ('[image]\nmime = ["a/b"]\nsource = { max_bytes = "nowhere" }', ["nowhere", "[sources]"]),
        ("max_bytes = 5", ["max_bytes", "outside any table"]),
        ('extends = "whatsap"', ["whatsap", 'did you mean "whatsapp"']),
        ("[image", ["TOML"]),
        ("[image]\nmime = " + "[" * 30_000, ["TOML", "nested"]),
        ("[image]\nmax_bytes = 1" + "0" * 5000, ["TOML", "digits"]),
        ('[image]\nmime = ["a/b"]\nmax_bytes = 1' + "0" * 30, ["max_bytes", "whole number <="]),
        ('[image]\nmime = ["a/b"]\nmax_bytes = "1' + "0" * 400 + ' MB"', ["max_bytes", "too large"]),
        ('[image]\nmime = ["a/b"]\nmax_duration = inf', ["max_duration", "number <="]),
        ("", ["no target"]),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(toml: str, words: list[str]) -> None:
    with pytest.raises(ProfileError) as caught:
        parse(toml, "mine", "mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml") and "\n" not in message
    for word in words:
        assert word in message


def test_an_unknown_profile_or_target_says_what_there_is() -> None:
    with pytest.raises(ProfileError, match='did you mean "whatsapp"'):
        load("whatsap")
    with pytest.raises(UsageError, match='did you mean "sticker"'):
        load("whatsapp").limits("stickers")
    with pytest.raises(ProfileError, match="no profile file"):
        load("/nowhere/at/all.toml")


def test_what_is_no_profile_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ProfileError, match="no profile file"):
        load(tmp_path / "pipe.toml")
    (tmp_path / "film.toml").write_bytes(bytes(40_000))
    with pytest.raises(ProfileError, match="right file"):
        load(tmp_path / "film.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(ProfileError, match="UTF-8"):
        load(tmp_path / "latin.toml")
