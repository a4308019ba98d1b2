"""Plans: the cheapest cure, with reasons. No tool is started here."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders import encoder
from mediaprep.encoders.film import AudioSettings, FilmRecipe
from mediaprep.errors import UsageError
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.planning.planner import Plan, choose_target, make_plan
from mediaprep.planning.profiles import SHIPPED, Profile, load, parse
from mediaprep.rules import Action, Limits, check_media, errors_of
from tests import strategies
from tests.rules.test_rules import COMPLIANT, DANCING, FILM, MOVING, NOTE, PHOTO, SONG, SOUND, STICKER, film

WHATSAPP = load("whatsapp")
ENGAGELAB = load("engagelab")

OWN = parse(
    """
    [image]
    mime = ["image/jpeg"]
    max_bytes = "300 KB"
    max_side = 1000
    alpha = false
    modes = ["RGB"]
    bit_depth = 8
    animated = false
    metadata = ["location"]
    make = ["image/jpeg"]
    [video]
    mime = ["video/mp4"]
    max_bytes = "3 MB"
    max_side = 640
    video_codec = ["h264"]
    pixel_formats = ["yuv420p"]
    audio_codec = { "video/mp4" = ["aac"] }
    max_channels = { "video/mp4" = 1 }
    audio_streams = 1
    make = ["video/mp4"]
    [audio]
    mime = ["audio/ogg"]
    max_bytes = "1 MB"
    audio_codec = { "audio/ogg" = ["opus"] }
    max_channels = { "audio/ogg" = 2 }
    make = ["audio/ogg"]
    """,
    "own",
)

PROFILES = {**{name: load(name) for name in SHIPPED}, "own": OWN}


@pytest.mark.parametrize(("target", "media"), COMPLIANT)
def test_what_complies_is_passed(target: str, media: Media) -> None:
    plan = make_plan(media, WHATSAPP, target)
    assert (plan.action, plan.routes, plan.findings) == (Action.PASS, (), ())


REMUXED = [
    ("video", replace(FILM, mime="video/x-matroska", faststart=None)),
    ("video", replace(FILM, mime="video/quicktime", name="film.mov")),
    ("video", replace(FILM, faststart=False)),
    ("video", replace(FILM, metadata=("location", "time"))),
    ("video", replace(FILM, extras=("subtitle", "chapters"))),
    ("video", replace(FILM, audio=(SOUND, replace(SOUND, index=2, default=False)))),
    ("gif", FILM),
    ("image", replace(PHOTO, metadata=("location",))),
    ("image", replace(PHOTO, trailing=4_000_000)),
    ("audio", replace(SONG, metadata=("person",), extras=("cover",))),
    ("audio", replace(NOTE, mime="audio/webm", name="note.webm", demuxer="matroska")),
    ("voice", replace(NOTE, mime="audio/webm", name="note.webm", demuxer="matroska")),
    ("sticker", replace(STICKER, trailing=9)),
    ("sticker", replace(STICKER, metadata=("text",))),
]


@pytest.mark.parametrize(("target", "media"), REMUXED)
def test_what_only_the_container_or_metadata_spoils_is_copied(target: str, media: Media) -> None:
    plan = make_plan(media, WHATSAPP, target)
    assert plan.action is Action.REMUX
    assert plan.routes[0].ladder[0].encodes == 0


ENCODED = [
    ("image", replace(PHOTO, mime="image/heic", name="photo.heic")),
    ("image", replace(PHOTO, orientation=6, metadata=("location",))),
    ("image", MOVING),
    ("video", film(codec="hevc")),
    ("video", film(profile="High", b_frames=True)),
    ("video", replace(FILM, size=40_000_000)),
    ("video", replace(FILM, audio=(replace(SOUND, codec="ac3", channels=6),))),
    ("gif", MOVING),
    ("audio", replace(NOTE, audio=(AudioStream(index=0, codec="vorbis", channels=2),))),
    ("voice", SONG),
    ("voice", FILM),
    ("sticker", PHOTO),
    ("sticker", MOVING),
    ("sticker", FILM),
    ("template_document", replace(PHOTO, mime="image/heic", name="photo.heic")),
]


@pytest.mark.parametrize(("target", "media"), ENCODED)
def test_what_must_be_encoded_is(target: str, media: Media) -> None:
    plan = make_plan(media, ENGAGELAB, target)
    assert plan.action is Action.ENCODE
    assert plan.findings and all(finding.message for finding in plan.findings)


def test_wrong_sound_alone_copies_the_picture() -> None:
    spoilt = replace(FILM, audio=(replace(SOUND, codec="ac3"),))
    first = make_plan(spoilt, WHATSAPP, "video").routes[0].ladder[0]
    assert isinstance(first, FilmRecipe)
    assert first.picture is None, "the video stream is copied"
    assert isinstance(first.sound, AudioSettings) and first.encodes == 1, "only the audio is encoded"


def test_what_cannot_be_is_rejected_with_the_reason() -> None:
    for target, media in (("video", SONG), ("sticker", SONG), ("image", FILM), ("voice", replace(FILM, audio=()))):
        plan = make_plan(media, WHATSAPP, target)
        assert plan.action is Action.REJECT, target
        assert errors_of(plan.findings)


def test_a_caption_that_is_too_long_is_not_cured_by_sending_a_document() -> None:
    plan = make_plan(replace(FILM, caption="x" * 1025), ENGAGELAB, "video")
    assert plan.action is Action.REJECT


def test_a_caption_that_only_the_fallback_would_take_is_rejected() -> None:
    """What is written is wrong for the message that was asked for; sent as another kind it would surprise."""
    limits = replace(ENGAGELAB.limits("video"), max_caption=5)
    profile = replace(ENGAGELAB, targets={**ENGAGELAB.targets, "video": limits})
    worded = replace(FILM, caption="hello, all")
    assert make_plan(worded, profile, "document").action is Action.PASS
    assert make_plan(worded, profile, "video").action is Action.REJECT


def test_nor_is_a_caption_on_what_takes_none_even_where_a_document_would_take_it() -> None:
    plan = make_plan(replace(SONG, caption="hello"), ENGAGELAB, "audio")
    assert ENGAGELAB.limits("audio").fallback == "document" and ENGAGELAB.limits("document").max_caption
    assert (plan.action, plan.fallback, plan.outcome) == (Action.REJECT, None, plan)


def test_where_nothing_else_is_left_the_outcome_is_that_of_the_fallback() -> None:
    plan = make_plan(replace(FILM, audio=(), video=()), ENGAGELAB, "video")
    assert (plan.action, plan.outcome.target) == (Action.FALLBACK, "document")
    assert "sent as document, not as video" in plan.detour() and plan.detour("why").endswith(": why")


def test_a_film_falls_back_to_a_document_where_the_profile_says_so() -> None:
    plan = make_plan(film(codec="hevc"), ENGAGELAB, "video")
    assert plan.fallback is not None and plan.fallback.target == "document"
    assert make_plan(film(codec="hevc"), WHATSAPP, "video").fallback is None


@pytest.mark.parametrize(
    ("media", "wanted", "target"),
    [
        (PHOTO, None, "image"), (MOVING, None, "gif"), (FILM, None, "video"), (SONG, None, "audio"),
        (PHOTO, "sticker", "sticker"), (MOVING, "sticker", "animated_sticker"), (FILM, "sticker", "animated_sticker"),
        (FILM, "voice", "voice"),
    ],
)  # fmt: skip
def test_the_target_follows_the_medium_or_the_wish(media: Media, wanted: str | None, target: str) -> None:
    assert choose_target(media, WHATSAPP, wanted) == target


def test_a_target_that_the_profile_lacks_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no target"):
        make_plan(PHOTO, load("wassenger"), "sticker")
    assert choose_target(MOVING, load("msgflash"), None) == "video"


def test_what_is_encoded_follows_the_order_of_the_profile() -> None:
    vorbis = replace(NOTE, audio=(AudioStream(index=0, codec="vorbis", channels=2),))
    assert [route.mime for route in make_plan(vorbis, WHATSAPP).routes] == ["audio/mp4", "audio/ogg"]


def test_asking_for_work_makes_work() -> None:
    assert make_plan(NOTE, WHATSAPP, "voice", Options(normalize=True)).action is Action.ENCODE
    assert make_plan(STICKER, WHATSAPP, "sticker", Options(pack="Cats")).routes
    assert make_plan(DANCING, WHATSAPP, "sticker", Options(pack="Cats")).routes


def test_a_file_between_decimal_and_binary_passes_but_is_never_made() -> None:
    grey = replace(FILM, size=16_500_000)
    assert make_plan(grey, WHATSAPP).action is Action.PASS
    plan = make_plan(replace(grey, metadata=("location",)), WHATSAPP)
    assert plan.action is Action.ENCODE, "what is made stays under the decimal limit, so copying will not do"


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    media=strategies.media,
    name=st.sampled_from([*PROFILES]),
    options=strategies.options,
    data=st.data(),
)
def test_what_every_recipe_is_expected_to_give_passes_the_rules_that_asked_for_it(
    media: Media, name: str, options: Options, data: st.DataObject
) -> None:
    """The strongest test: for any facts, profile and target, no recipe promises what the rules would refuse.

    No ladder is sieved: a recipe that breaks a rule raises in `obeying`, before this test sees it.
    """
    profile = PROFILES[name]
    obeys(media, make_plan(media, profile, data.draw(st.sampled_from([*profile.targets])), options))


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(media=strategies.media, limits=strategies.limits(), options=strategies.options)
def test_so_does_it_for_limits_that_nobody_has_thought_of(media: Media, limits: Limits, options: Options) -> None:
    profile = Profile(name="any", title="any", targets={"any": limits})
    obeys(media, make_plan(media, profile, "any", options))


def obeys(media: Media, plan: Plan) -> None:
    if plan.action is Action.PASS:
        assert {finding.name for finding in errors_of(check_media(media, plan.limits))} <= {"name"}
    for route in plan.routes:
        one = encoder(route.mime)
        assert one is not None and one.mime == route.mime
        for recipe in route.ladder:
            expected = one.expect(recipe, media, plan.limits)
            wrong = errors_of(check_media(expected, plan.limits, ours=True))
            assert not wrong, f"{route.mime} {recipe}: {wrong}"
            assert plan.limits.accepts(expected.mime)
        copies = [recipe.encodes == 0 for recipe in route.ladder]
        assert copies == sorted(copies, reverse=True), "copies come first"
