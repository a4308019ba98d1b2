"""Profiles are data: every limit has a source and a day, and every mistake is one line that names the key."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mediaprep.cli import show
from mediaprep.errors import ProfileError, UsageError
from mediaprep.planning.profiles import SHIPPED, Profile, load, parse, shipped_folder, shipped_text
from mediaprep.rules.limits import PRIVATE

GOOD = """
[sources.mine]
title = "Mine"
checked = 2026-11-21
[image]
source = { "*" = "mine" }
mime = ["image/jpeg"]
max_bytes = "2 MB"
"""


README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EXPECTED: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "sources.json").read_text())
"""What each key of four profiles rests on: profile and target, then the name under `[sources]`, then the keys."""


def set_keys(profile: Profile) -> dict[tuple[str, str], Any]:
    """Every limit that is set, by target and key."""
    return {
        (target, key): value
        for target, limits in profile.targets.items()
        for key, value in msgspec.structs.asdict(limits).items()
        if value not in (None, (), {})
    }


def resolved(profile: Profile) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Every limit with its source."""
    return {spot: (value, profile.source(*spot)) for spot, value in set_keys(profile).items()}


def test_the_profiles_are_those_in_the_folder() -> None:
    assert sorted(SHIPPED) == sorted(path.stem for path in shipped_folder().iterdir())
    assert SHIPPED[0] == "whatsapp"
    assert [load(name).name for name in SHIPPED] == [*SHIPPED]


@pytest.mark.parametrize("place", EXPECTED)
def test_every_key_says_where_it_comes_from(place: str) -> None:
    name, target = place.split()
    names = {
        one["title"]: key
        for text in SHIPPED
        for key, one in tomllib.loads(shipped_text(text)).get("sources", {}).items()
    }
    profile, found = load(name), dict[str, list[str]]()
    for where, key in set_keys(profile):
        if where == target:
            source = profile.source(target, key)
            assert source is not None
            found.setdefault(names[source.title], []).append(key)
    assert {source: sorted(keys) for source, keys in found.items()} == {
        source: sorted(keys.split()) for source, keys in EXPECTED[place].items()
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_no_profile_says_what_it_inherits_or_says_already(name: str) -> None:
    """Each source and each key is left out in turn: something must change."""
    table, whole = tomllib.loads(shipped_text(name)), resolved(load(name))
    base = resolved(load(table["extends"])) if "extends" in table else {}
    for target, keys in table.items():
        if target == "sources" or not isinstance(keys, dict):
            continue
        named, star = keys.get("source", {}), keys.get("source", {}).get("*")
        for key, source in named.items():
            assert key == "*" or (source != star or key not in keys), f"{name} [{target}] source.{key}"
            covered = [one for one in keys if one != "source" and one not in named]
            assert key != "*" or covered, f"{name} [{target}] source.*"
        for key in set(keys) - {"source"}:
            assert whole[target, key] != base.get((target, key)), f"{name} [{target}] {key} is inherited as it is"


def test_a_key_that_is_inherited_can_be_given_another_source() -> None:
    own = GOOD.replace("[image]", "[image]\nmax_side = 9").replace('"mine" }', '"mine", modes = "mine" }')
    profile = parse('extends = "whatsapp"' + own, "mine")
    assert {profile.source("image", key).title for key in ("modes", "mime", "max_side")} == {"Mine"}  # type: ignore[union-attr]
    assert profile.source("image", "bit_depth") == load("whatsapp").source("image", "bit_depth")


def test_a_source_of_the_same_name_does_not_take_over_what_is_inherited() -> None:
    text = GOOD.replace("sources.mine", "sources.media").replace('"mine"', '"media"')
    profile = parse('extends = "whatsapp"' + text, "mine")
    assert profile.source("video", "mime") == load("whatsapp").source("video", "mime")
    assert profile.source("image", "mime") != load("whatsapp").source("image", "mime")


def test_the_profile_of_the_readme_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "our-gateway.toml"
    path.write_text(README.split("```toml\n")[1].split("```")[0])
    profile = load(path)
    assert (profile.name, profile.title) == ("our-gateway", "Our gateway")
    lines = show.profile(profile).splitlines()
    assert "max_bytes = 900,000 bytes  # set in our-gateway.toml" in lines
    assert sum("set in our-gateway.toml" in line for line in lines) == 3
    assert any(line.startswith("alpha = no  # WhatsApp Send Message API") for line in lines)


def test_another_limit_of_bytes_does_not_inherit_what_was_tolerated_above_the_old_one() -> None:
    """A source between the two passes with a warning, so a lowered limit would bind nothing."""
    base = load("whatsapp").limits("image")
    for written, most in (('"300 KB"', 300_000), ('"20 MB"', 20_000_000)):
        limits = parse(f'extends = "whatsapp"\n[image]\nmax_bytes = {written}', "mine").limits("image")
        assert (limits.max_bytes, limits.error_above, limits.hard_bytes) == (most, None, most)
        assert limits.modes == base.modes
    same = parse('extends = "whatsapp"\n[image]\nmax_bytes = "5 MB"\nmax_side = 900', "mine").limits("image")
    assert same.error_above == base.error_above is not None


@pytest.mark.parametrize("name", SHIPPED)
def test_what_takes_any_file_removes_what_is_private(name: str) -> None:
    """A photo that is sent as a document keeps its location otherwise."""
    for target, limits in load(name).targets.items():
        assert "*/*" not in limits.mime or set(limits.metadata) == set(PRIVATE), f"{name} [{target}]"


def test_neither_name_nor_title_is_inherited() -> None:
    profile = parse('extends = "engagelab"', "mine")
    assert (profile.name, profile.title) == ("mine", "mine")
    assert parse('extends = "engagelab"\nname = "n"\ntitle = "t"', "mine").title == "t"


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
        ('[image]\nmime = ["a/b"]\nfallback = "image"', ["[image]", "circle"]),
        (
            '[a]\nmime = ["a/b"]\nfallback = "b"\n[b]\nmime = ["a/b"]\nfallback = "a"',
            ["[a] fallback", "circle: a, b, a"],
        ),
        ('[image]\nmime = "image/jpeg"', ["mime", "list"]),
        ('[image]\nmax_bytes = "5 MB"', ["missing key", "mime"]),
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
    with pytest.raises(ProfileError, match="profile file not found"):
        load("/nowhere/at/all.toml")


def test_what_is_no_profile_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ProfileError, match="profile file not found"):
        load(tmp_path / "pipe.toml")
    (tmp_path / "film.toml").write_bytes(bytes(40_000))
    with pytest.raises(ProfileError, match="right file"):
        load(tmp_path / "film.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(ProfileError, match="UTF-8"):
        load(tmp_path / "latin.toml")
