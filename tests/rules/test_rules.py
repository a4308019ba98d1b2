"""Every rule: what breaks it, what does not, and a manual page. No tool is started here."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.planning.profiles import load
from mediaprep.rules import GROUPS, MANUAL, RULES, Action, Limits, Rule, base, check_media

WHATSAPP = load("whatsapp").targets

PHOTO = Media(
    name="photo.jpg",
    size=900_000,
    mime="image/jpeg",
    kind="image",
    width=4000,
    height=3000,
    mode="RGB",
    colour_space="sRGB",
)
MOVING = replace(
    PHOTO, name="party.gif", mime="image/gif", kind="animation", frames=12, duration=1.2, shortest_frame=0.1
)
STICKER = Media(
    name="cat.webp", size=40_000, mime="image/webp", kind="image", width=512, height=512, mode="RGBA", alpha=True
)
DANCING = replace(STICKER, kind="animation", frames=20, duration=1.6, shortest_frame=0.08, size=300_000)
PICTURE = VideoStream(
    index=0, codec="h264", profile="Main", pixel_format="yuv420p", width=1280, height=720, fps=30.0, default=True
)
SOUND = AudioStream(index=1, codec="aac", profile="LC", channels=2, default=True)
FILM = Media(
    name="film.mp4", size=9_000_000, mime="video/mp4", kind="video", width=1280, height=720, duration=20.0,
    demuxer="mov", faststart=True, video=(PICTURE,), audio=(SOUND,),
)  # fmt: skip
NOTE = Media(
    name="note.ogg", size=60_000, mime="audio/ogg", kind="audio", duration=20.0,
    audio=(AudioStream(index=0, codec="opus", channels=1),),
)  # fmt: skip
SONG = Media(
    name="song.mp3",
    size=4_000_000,
    mime="audio/mpeg",
    kind="audio",
    duration=200.0,
    audio=(AudioStream(index=0, codec="mp3", channels=2),),
)


def film(**changes: Any) -> Media:
    return replace(FILM, video=(replace(PICTURE, **changes),))


COMPLIANT = [
    ("image", PHOTO),
    ("image", replace(PHOTO, name="logo.png", mime="image/png", mode="RGBA", alpha=True, colour_space="")),
    ("video", FILM),
    ("video", film(profile="Constrained Baseline")),
    ("video", replace(FILM, audio=())),
    ("video", replace(FILM, mime="video/3gpp", name="film.3gp")),
    ("gif", replace(FILM, audio=())),
    ("audio", SONG),
    ("audio", NOTE),
    ("voice", NOTE),
    ("sticker", STICKER),
    ("animated_sticker", DANCING),
    ("document", Media(name="paper.pdf", size=3_000_000, mime="application/pdf", kind="document")),
]

BROKEN: list[tuple[str, str, Media, Action]] = [
    ("MP101", "image", replace(PHOTO, mime="image/heic", name="photo.heic"), Action.ENCODE),
    ("MP102", "image", replace(PHOTO, size=5_242_881), Action.ENCODE),
    ("MP102", "sticker", replace(STICKER, size=100_001), Action.ENCODE),
    ("MP102", "animated_sticker", replace(DANCING, size=500_001), Action.ENCODE),
    ("MP103", "image", replace(PHOTO, size=5_000_001), Action.PASS),
    ("MP104", "voice", replace(NOTE, size=512_001), Action.PASS),
    ("MP105", "sticker", replace(STICKER, trailing=12), Action.REMUX),
    ("MP201", "sticker", replace(STICKER, width=511), Action.ENCODE),
    ("MP204", "image", replace(PHOTO, mode="CMYK"), Action.ENCODE),
    ("MP205", "image", replace(PHOTO, bit_depth=16), Action.ENCODE),
    ("MP206", "image", replace(PHOTO, colour_space="Display P3"), Action.ENCODE),
    ("MP207", "image", replace(PHOTO, orientation=6), Action.ENCODE),
    ("MP208", "image", MOVING, Action.ENCODE),
    ("MP209", "animated_sticker", STICKER, Action.ENCODE),
    ("MP210", "animated_sticker", replace(DANCING, shortest_frame=0.007), Action.ENCODE),
    ("MP211", "animated_sticker", replace(DANCING, duration=10.1), Action.ENCODE),
    ("MP301", "video", film(codec="hevc"), Action.ENCODE),
    ("MP302", "video", SONG, Action.REJECT),
    ("MP303", "video", film(profile="High 4:4:4 Predictive"), Action.ENCODE),
    ("MP304", "video", film(profile="High", b_frames=True), Action.ENCODE),
    ("MP305", "video", film(profile="High"), Action.PASS),
    ("MP305", "video", film(profile="Main", b_frames=True), Action.PASS),
    ("MP306", "video", film(pixel_format="yuv422p"), Action.ENCODE),
    ("MP307", "video", film(width=1279), Action.ENCODE),
    ("MP308", "video", film(rotation=90), Action.PASS),
    ("MP309", "video", film(mirrored=True), Action.ENCODE),
    ("MP310", "video", film(hdr="pq"), Action.ENCODE),
    ("MP311", "video", film(interlaced=True), Action.ENCODE),
    ("MP312", "video", film(pixel_aspect=1.333), Action.PASS),
    ("MP313", "video", replace(FILM, video=(PICTURE, replace(PICTURE, index=2))), Action.REMUX),
    ("MP320", "video", replace(FILM, faststart=False), Action.REMUX),
    ("MP321", "video", replace(FILM, extras=("subtitle",)), Action.REMUX),
    ("MP330", "video", replace(FILM, audio=(replace(SOUND, codec="ac3"),)), Action.ENCODE),
    ("MP330", "audio", replace(NOTE, audio=(AudioStream(index=0, codec="vorbis"),)), Action.ENCODE),
    ("MP331", "video", replace(FILM, audio=(replace(SOUND, channels=6),)), Action.ENCODE),
    ("MP331", "voice", replace(NOTE, audio=(AudioStream(index=0, codec="opus", channels=2),)), Action.ENCODE),
    ("MP332", "video", replace(FILM, audio=(SOUND, replace(SOUND, index=2))), Action.REMUX),
    ("MP332", "gif", FILM, Action.REMUX),
    ("MP333", "voice", replace(FILM, audio=()), Action.REJECT),
    ("MP401", "image", replace(PHOTO, metadata=("location",)), Action.REMUX),
    ("MP402", "image", replace(PHOTO, metadata=("device",)), Action.REMUX),
    ("MP403", "audio", replace(SONG, metadata=("person",)), Action.REMUX),
    ("MP404", "video", replace(FILM, metadata=("time",)), Action.REMUX),
    ("MP405", "image", replace(PHOTO, metadata=("thumbnail",)), Action.REMUX),
    ("MP406", "video", replace(FILM, metadata=("text",)), Action.REMUX),
    ("MP501", "image", replace(PHOTO, name="photo.png"), Action.PASS),
    ("MP502", "image", replace(PHOTO, caption="x" * 1025), Action.REJECT),
    ("MP502", "voice", replace(NOTE, caption="hello"), Action.REJECT),
    ("MP503", "text", Media(name="", size=1, mime="text/plain", kind="document", text="x" * 4097), Action.REJECT),
]  # fmt: skip


@pytest.mark.parametrize(("target", "media"), COMPLIANT)
def test_what_complies_has_no_finding(target: str, media: Media) -> None:
    assert check_media(media, WHATSAPP[target]) == ()


@pytest.mark.parametrize(("code", "target", "media", "cure"), BROKEN, ids=[f"{b[0]}-{b[1]}" for b in BROKEN])
def test_what_breaks_a_rule_is_found_with_its_cure(code: str, target: str, media: Media, cure: Action) -> None:
    found = {finding.code: finding for finding in check_media(media, WHATSAPP[target])}
    assert code in found
    assert found[code].action is cure
    assert found[code].name == RULES[code].name
    assert len(found[code].message) > 10 and "\n" not in found[code].message


def test_rules_that_only_some_profiles_set() -> None:
    engagelab = load("engagelab").limits("image")
    logo = replace(PHOTO, mime="image/png", name="logo.png", mode="RGBA", alpha=True)
    assert "MP203" in {finding.code for finding in check_media(logo, engagelab)}
    bounded = replace(WHATSAPP["image"], max_side=1600)
    assert "MP202" in {finding.code for finding in check_media(PHOTO, bounded)}
    slow = replace(WHATSAPP["video"], max_fps=25.0)
    assert [finding.code for finding in check_media(FILM, slow)] == ["MP314"]


def test_every_rule_is_broken_by_some_test_and_has_a_manual_page() -> None:
    tested = {code for code, *_ in BROKEN} | {"MP202", "MP203", "MP314"}
    assert tested == set(RULES)
    for rule in RULES.values():
        assert re.fullmatch(r"MP[1-5]\d\d", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert len(rule.manual) > 60, rule.code
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("rule", MANUAL.values(), ids=lambda rule: rule.code)
def test_a_manual_page_begins_with_one_line_and_ends_with_its_source(rule: Rule[...]) -> None:
    """The source is a document, by its title or number, or the page says that the rule is mediaprep's own."""
    assert 10 < len(rule.summary) <= 120 and rule.summary in " ".join(rule.manual.split())
    assert rule.source and rule.manual.split("\n\n")[-1].startswith("Source: "), "it stands at the end"
    assert "mediaprep's own" in rule.source or re.search(r'"\w[^"]+"|\d', rule.source)
    assert rule.code[:3] in GROUPS


ALLOWING: dict[str, Any] = {
    "trailing_bytes": True, "any_suffix": True, "orientation": True, "rotation": True, "mirrored": True,
    "odd_sides": True, "pixel_aspect": True, "hdr": True, "interlaced": True, "video_streams": 9,
}  # fmt: skip
"""What a profile writes to accept what is refused by default; every other rule is silent until a key is set."""


@pytest.mark.parametrize(("code", "target", "media"), [broken[:3] for broken in BROKEN])
def test_every_finding_can_be_allowed_by_a_profile(code: str, target: str, media: Media) -> None:
    assert not check_media(media, Limits(mime=("*/*",), **ALLOWING))
    if code in CAN_BE_ALLOWED:
        shipped = WHATSAPP[target]
        assert code in {finding.code for finding in check_media(media, shipped)}
        assert code not in {finding.code for finding in check_media(media, replace(shipped, **CAN_BE_ALLOWED[code]))}


CAN_BE_ALLOWED: dict[str, dict[str, Any]] = {
    "MP105": {"trailing_bytes": True}, "MP207": {"orientation": True}, "MP307": {"odd_sides": True},
    "MP308": {"rotation": True}, "MP309": {"mirrored": True}, "MP310": {"hdr": True}, "MP311": {"interlaced": True},
    "MP312": {"pixel_aspect": True}, "MP313": {"video_streams": 2}, "MP501": {"any_suffix": True},
}  # fmt: skip


def test_a_profile_may_refuse_what_is_accepted_by_default() -> None:
    anything = Limits(mime=("*/*",))
    for key, media in {
        "trailing_bytes": replace(SONG, trailing=9), "orientation": replace(PHOTO, orientation=6),
        "hdr": film(hdr="pq"), "rotation": film(rotation=90), "interlaced": film(interlaced=True),
    }.items():  # fmt: skip
        assert not check_media(media, anything)
        assert len(check_media(media, replace(anything, **{key: False}))) == 1, key


@pytest.mark.parametrize(
    ("media", "most", "wrong"),
    [
        (film(fps=30.02), 30, False),
        (film(fps=30000 / 1001), 29.97, False),
        (film(fps=31.0), 30, True),
        (film(fps=120.0), 60, True),
        (film(fps=None), 9, False),
        (replace(film(fps=32.0), duration=0.5), 30, False),
        (replace(film(fps=40.0), duration=0.5), 30, True),
        (replace(MOVING, frames=12, duration=1.2), 10, False),
        (replace(MOVING, frames=24, duration=1.2), 10, True),
        (replace(MOVING, frames=2, duration=0.02), 10, False),
        (PHOTO, 1, False),
    ],
)
def test_a_measured_frame_rate_may_pass_the_limit_by_little(media: Media, most: float, wrong: bool) -> None:
    found = check_media(media, Limits(mime=("*/*",), max_fps=most))
    assert [finding.code for finding in found] == (["MP314"] if wrong else [])


def test_what_we_make_is_held_to_the_decimal_reading() -> None:
    grey = replace(PHOTO, size=5_100_000)
    assert [finding.level for finding in check_media(grey, WHATSAPP["image"])] == ["warning"]
    assert [finding.code for finding in check_media(grey, WHATSAPP["image"], ours=True)] == ["MP102"]


@pytest.mark.parametrize(
    ("profile", "target", "media", "words"),
    [
        ("whatsapp", "image", replace(PHOTO, mode="I;16"), "greyscale (16 bits); accepted: RGB, RGBA"),
        ("whatsapp", "voice", replace(NOTE, audio=(AudioStream(index=0, codec="opus", channels=2),)), "for Ogg: 1"),
        ("msgflash", "document", Media(name="a", size=1, mime="application/zip", kind="document"), "accepted: PDF, "),
        ("whatsapp", "video", Media(name="a.pdf", size=1, mime="application/pdf", kind="document"), "no video stream"),
    ],
)  # fmt: skip
def test_messages_are_for_people(profile: str, target: str, media: Media, words: str) -> None:
    said = [finding.message for finding in check_media(media, load(profile).limits(target))]
    assert any(words in message for message in said)
    assert not any("I;16" in message or "--as audio" in message for message in said)


@pytest.mark.parametrize("profile", ["High", "Progressive High", "Constrained High"])
def test_every_kind_of_high_profile_with_b_frames_is_one(profile: str) -> None:
    found = check_media(film(profile=profile, b_frames=True), WHATSAPP["video"])
    assert "MP304" in {finding.code for finding in found}
    assert "MP304" not in {finding.code for finding in check_media(film(profile=profile), WHATSAPP["video"])}


@pytest.mark.parametrize(("codec", "wrong"), [("aac", False), ("ac3", True)])
def test_in_a_container_that_is_not_accepted_any_accepted_sound_will_do(codec: str, wrong: bool) -> None:
    """Then the container is at fault (MP101), and the sound can be copied into another."""
    other = replace(FILM, mime="video/x-matroska", name="film.mkv", audio=(replace(SOUND, codec=codec),))
    found = {finding.code for finding in check_media(other, WHATSAPP["video"])}
    assert "MP101" in found
    assert ("MP330" in found) is wrong


def test_limits_that_are_exactly_met_are_met() -> None:
    assert check_media(replace(PHOTO, size=5_000_000), WHATSAPP["image"]) == ()
    assert check_media(replace(STICKER, size=100_000), WHATSAPP["sticker"]) == ()
    assert check_media(replace(DANCING, duration=10.0, shortest_frame=0.008), WHATSAPP["animated_sticker"]) == ()
    assert check_media(replace(PHOTO, caption="x" * 1024), WHATSAPP["image"]) == ()


def test_where_any_file_is_taken_a_picture_still_keeps_nothing_after_its_end() -> None:
    anything = load("engagelab").limits("document")
    assert [finding.code for finding in check_media(replace(PHOTO, trailing=12), anything)] == ["MP105"]
    assert not check_media(replace(SONG, trailing=12), anything)


@pytest.mark.parametrize(
    ("mime", "name", "described"),
    [
        ("image/jpeg", "JPEG", "JPEG (image/jpeg)"),
        ("image/webp", "WebP", "WebP (image/webp)"),
        ("video/quicktime", "MOV", "MOV (video/quicktime)"),
        ("video/3gpp", "3GP", "3GP (video/3gpp)"),
        ("audio/3gpp", "3GP audio", "3GP audio (audio/3gpp)"),
        ("audio/mp4", "M4A", "M4A (audio/mp4)"),
        ("audio/ogg", "Ogg", "Ogg (audio/ogg)"),
        ("application/x-unheard-of", "application/x-unheard-of", "application/x-unheard-of"),
    ],
)
def test_a_type_has_a_name_for_people(mime: str, name: str, described: str) -> None:
    assert base.title(mime) == name
    assert base.described(mime) == described
