"""The choices about film: sizes, rates, sound, ladders, and ffmpeg's arguments. No tool is started."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders import film
from mediaprep.encoders.film import AudioSettings, FilmRecipe, VideoSettings
from mediaprep.encoders.film.animation import as_film
from mediaprep.encoders.film.graph import film_arguments
from mediaprep.encoders.mp4 import Mp4
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.planning.profiles import load
from mediaprep.rules import Limits, check_media, errors_of

ENCODER = Mp4()
VIDEO = load("whatsapp").limits("video")
GIF = load("whatsapp").limits("gif")
ANY = Limits(mime=("video/mp4",))


def clip(seconds: float | None = 10.0, *, sound: AudioStream | None = None, **facts: Any) -> Media:
    """A film of which only what matters is said."""
    about: dict[str, Any] = {"mime": "video/x-matroska", "demuxer": "matroska", "size": 1_000_000}
    about |= {name: facts.pop(name) for name in ("mime", "demuxer", "size", "metadata", "extras") if name in facts}
    first: dict[str, Any] = {"codec": "hevc", "pixel_format": "yuv420p", "width": 1920, "height": 1080, "fps": 30.0}
    video = VideoStream(index=0, default=True, duration=seconds, **(first | facts))
    return Media(
        name="clip.mkv", kind="video", width=video.width, height=video.height, duration=seconds, video=(video,),
        audio=(sound,) if sound else (), **about,
    )  # fmt: skip


def stereo(codec: str = "aac", **facts: Any) -> AudioStream:
    sound = AudioStream(index=1, codec=codec, profile="LC", channels=2, bit_rate=128_000)
    return replace(sound, **facts)


def ladder(media: Media, limits: Limits = VIDEO, **options: Any) -> tuple[FilmRecipe, ...]:
    findings = errors_of(check_media(media, limits, ours=True))
    return tuple(ENCODER.ladder(media, limits, findings, Options(**options)))


def first_picture(media: Media, limits: Limits = VIDEO) -> VideoSettings:
    picture = ladder(media, limits)[0].picture
    assert picture is not None
    return picture


def arguments(media: Media, recipe: FilmRecipe | None = None, **more: Any) -> str:
    return " ".join(film_arguments(recipe or ladder(media)[0], media, "#FFFFFF", "output.mp4", **more))


@pytest.mark.parametrize(
    ("facts", "size"),
    [
        ({"width": 1920, "height": 1080}, (1920, 1080)),
        ({"width": 3840, "height": 2160}, (1920, 1080)),
        ({"width": 2160, "height": 3840}, (1080, 1920)),
        ({"width": 3840, "height": 2160, "rotation": 90}, (1080, 1920)),
        ({"width": 2000, "height": 2000}, (1440, 1440)),
        ({"width": 639, "height": 361}, (638, 360)),
        ({"width": 720, "height": 576, "pixel_aspect": 64 / 45}, (1024, 576)),
        ({"width": 1280, "height": 720, "pixel_aspect": 0.9975}, (1280, 720)),
        ({"width": 1, "height": 1}, (16, 16)),
        ({"width": 8, "height": 8}, (16, 16)),
        ({"width": 16, "height": 9}, (32, 18)),
        ({"width": 3000, "height": 3}, (1920, 16)),
    ],
)
def test_sizes_are_even_and_bounded(facts: dict[str, Any], size: tuple[int, int]) -> None:
    assert film.size_for(clip(**facts).video[0], ANY) == size


@pytest.mark.parametrize(
    ("facts", "most", "size"),
    [
        ({"width": 1920, "height": 1080}, 640, (640, 360)),
        ({"width": 1080, "height": 1920}, 640, (360, 640)),
        ({"width": 1920, "height": 1080}, 641, (640, 360)),
        ({"width": 640, "height": 360}, 640, (640, 360)),
        ({"width": 3840, "height": 2160}, 5000, (1920, 1080)),
    ],
)
def test_the_longest_side_is_the_profiles_where_that_is_shorter(
    facts: dict[str, Any], most: int, size: tuple[int, int]
) -> None:
    assert film.size_for(clip(**facts).video[0], replace(ANY, max_side=most)) == size


@pytest.mark.parametrize(("side", "size"), [(1280, (1280, 720)), (501, (500, 282)), (15, (14, 14)), (2, (2, 2))])
def test_no_side_is_longer_than_the_limits_accept(side: int, size: tuple[int, int]) -> None:
    assert film.size_for(clip().video[0], replace(ANY, max_side=side)) == size


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(64, 3000))
def test_no_size_is_odd_larger_than_allowed_or_out_of_shape(width: int, height: int, side: int) -> None:
    made = film.size_for(clip(width=width, height=height).video[0], replace(ANY, max_side=side))
    assert max(made) <= max(side, film.SMALLEST)
    assert all(length % 2 == 0 and length >= film.SMALLEST for length in made)
    if min(made) > 64:
        assert abs(made[0] / made[1] - width / height) < 0.04 * width / height


def test_few_bits_take_pixels_and_frames_together() -> None:
    media = clip(600, fps=60.0, bit_rate=30_000_000)
    chosen = [film.picture_for(media, ANY, rate) for rate in (8e6, 4e6, 1.5e6, 6e5, 2e5, 1e5, 5e4, 1.7e4)]
    pictures = [picture for picture in chosen if picture is not None]
    assert len(pictures) == len(chosen)
    for better, worse in pairwise(pictures):
        assert (better.width, better.fps or 60) >= (worse.width, worse.fps or 60)
    assert (pictures[0].width, pictures[0].fps) == (1920, None)
    assert (pictures[-1].height, pictures[-1].fps) == (144, 10)
    assert film.picture_for(media, ANY, 9_000) is None


def test_a_quiet_film_keeps_more_pixels() -> None:
    busy, quiet = clip(600, bit_rate=8_000_000), clip(600, bit_rate=300_000)
    assert film.calm(busy) == 1
    small, large = film.picture_for(busy, ANY, 3e5), film.picture_for(quiet, ANY, 3e5)
    assert small is not None
    assert large is not None
    assert large.height > small.height


@pytest.mark.parametrize(
    ("source", "total", "made"),
    [
        (stereo("ac3", channels=6, bit_rate=448_000), None, (128_000, 2, 48_000)),
        (stereo("pcm_s16le", bit_rate=1_411_200, sample_rate=44_100), 1e6, (128_000, 2, 44_100)),
        (stereo("opus", bit_rate=96_000), 5e5, (64_000, 2, 48_000)),
        (stereo("opus", bit_rate=96_000), 2e5, (32_000, 1, 24_000)),
        (stereo("opus", bit_rate=96_000), 4e4, (16_000, 1, 24_000)),
        (stereo("amr_nb", channels=1, bit_rate=12_200, sample_rate=8000), None, (32_000, 1, 8000)),
    ],
)
def test_sound_takes_its_share(source: AudioStream, total: float | None, made: tuple[int, int, int]) -> None:
    sound = film.sound_for(source, ANY, total)
    assert sound is not None
    assert (sound.bit_rate, sound.channels) == made[:2]
    assert sound.sample_rate <= made[2]


def test_streams_that_comply_are_copied() -> None:
    media = clip(codec="h264", profile="Main", sound=stereo())
    copy = ladder(media)[0]
    assert (copy.encodes, copy.picture, copy.sound) == (0, None, "copy")
    line = arguments(media)
    assert "-map 0:0 -map 0:1" in line
    assert "-c:v copy" in line
    assert "-c:a copy" in line
    assert "filter_units" not in line
    for option in ("-map_metadata -1", "-map_chapters -1", "-movflags +faststart", "-fflags +bitexact"):
        assert option in line


def test_wrong_sound_alone_copies_the_picture() -> None:
    recipe = ladder(clip(codec="h264", profile="Main", sound=stereo("ac3", channels=6)))[0]
    assert (recipe.encodes, recipe.picture) == (1, None)
    assert recipe.sound == AudioSettings(bit_rate=128_000, channels=2, sample_rate=48_000)
    assert "audio mixed down from 5.1 to stereo" in recipe.changes


def test_hidden_text_in_a_copied_picture_goes() -> None:
    media = clip(codec="h264", profile="Main", metadata=("text",))
    assert "-bsf:v filter_units=remove_types=6" in arguments(media)


def test_a_copy_that_is_too_big_is_offered_only_where_the_rest_is_what_is_too_much() -> None:
    too_big = clip(60, codec="h264", profile="Main", size=20_000_000, bit_rate=2_600_000, sound=stereo())
    assert ladder(too_big)[0].encodes > 0
    others = tuple(stereo(index=index, bit_rate=500_000) for index in (2, 3))
    several = replace(too_big, video=(replace(too_big.video[0], bit_rate=1_500_000),), audio=(*too_big.audio, *others))
    assert ladder(several)[0].encodes == 0


def test_the_default_tracks_are_meant() -> None:
    media = clip(codec="h264", profile="Main", sound=stereo(), extras=("subtitle", "chapters"))
    poster = replace(media.video[0], default=False, index=0, width=320, height=240)
    media = replace(
        media, video=(poster, replace(media.video[0], index=3)), audio=(*media.audio, stereo(index=5, default=True))
    )
    assert "-map 0:3 -map 0:5" in arguments(media)
    assert ladder(media)[0].changes == (
        "audio stream removed: aac, stereo",
        "video stream removed: h264, 320x240",
        "subtitles removed",
        "chapters removed",
    )


def test_a_silent_target_drops_the_sound_and_says_so() -> None:
    recipe = ladder(clip(codec="h264", profile="Main", sound=stereo()), GIF)[0]
    assert (recipe.encodes, recipe.sound) == (0, "none")
    assert "audio removed" in recipe.changes


def test_the_ladder_falls_from_constant_quality_to_ever_fewer_bytes() -> None:
    rungs = ladder(clip(120, sound=stereo("opus"), bit_rate=1_500_000, fps=60.0))
    assert rungs[0].picture is not None
    assert rungs[0].picture.crf is not None
    aims = [rung.aim for rung in rungs[1:]]
    assert all(aim is not None and aim < VIDEO.max_bytes for aim in aims)  # type: ignore[operator]
    assert aims == sorted(aims, reverse=True)  # type: ignore[type-var]
    assert all(rung.encodes == 2 for rung in rungs[1:])


def test_a_film_far_too_long_has_no_ladder() -> None:
    assert ladder(clip(3 * 3600, size=4_000_000_000, bit_rate=3_000_000, sound=stereo("ac3"))) == ()


def test_two_hours_of_a_quiet_film_without_sound_are_still_tried() -> None:
    assert ladder(clip(2 * 3600, size=40_000_000, bit_rate=40_000), GIF)


def test_a_small_sound_is_copied_beside_an_encoded_picture() -> None:
    small, large = clip(300, sound=stereo(bit_rate=30_000)), clip(300, sound=stereo(bit_rate=320_000))
    assert ladder(small)[0].sound == "copy"
    assert isinstance(ladder(large)[0].sound, AudioSettings)
    assert isinstance(ladder(clip(300, sound=stereo(bit_rate=30_000, profile="xHE-AAC")))[0].sound, AudioSettings)
    assert isinstance(ladder(clip(300, demuxer="mpegts", sound=stereo(bit_rate=30_000)))[0].sound, AudioSettings)


def test_without_a_duration_quality_alone_falls() -> None:
    rungs = ladder(clip(None, sound=stereo("opus")))
    assert [rung.picture.crf for rung in rungs if rung.picture] == [21, 26, 30, 34]


def test_without_a_budget_there_is_one_rung() -> None:
    assert len(ladder(clip(), replace(ANY, video_codec=("h264",)))) == 1


def test_a_film_that_is_too_long_is_cut_and_never_copied() -> None:
    recipe = ladder(clip(75, codec="h264", profile="Main"), replace(VIDEO, max_duration=30.0))[0]
    assert recipe.encodes
    assert recipe.end == pytest.approx(29.95)
    assert "cut to the first 29.95 s" in recipe.changes
    assert "-t 29.950" in arguments(clip(75), recipe)


@pytest.mark.parametrize("most", [0.02, 0.06, 0.1, 30.0])
def test_the_end_is_never_later_than_the_limits_accept(most: float) -> None:
    recipe = ladder(clip(75), replace(VIDEO, max_duration=most))[0]
    assert recipe.end is not None and 0 < recipe.end <= most


@pytest.mark.parametrize("kind", ["image", "audio", "document"])
def test_what_does_not_move_is_no_film(kind: Any) -> None:
    assert ladder(Media(name="x", size=1000, mime="x/y", kind=kind, width=100, height=100)) == ()


def test_what_is_said_about_a_difficult_film() -> None:
    media = clip(width=3840, height=2160, fps=120.0, hdr="pq", interlaced=True, alpha=True)
    assert ladder(media)[0].changes == (
        "transparent areas filled with the background colour #FFFFFF",
        "high dynamic range (HDR) converted to standard dynamic range",
        "deinterlaced",
        "scaled from 3840x2160 to 1920x1080",
        "frame rate lowered from 120 to 60 frames per second",
    )


@pytest.mark.parametrize(
    ("facts", "there", "absent"),
    [
        ({}, ["scale=1920:1080", "out_range=tv", "format=yuv420p", "setsar=1"], ["crop", "bwdif", "zscale", "select"]),
        ({"width": 1921, "height": 1081}, ["crop=1920:1080:0:0"], []),
        ({"width": 1923, "height": 1083}, ["scale=1918:1080"], ["crop"]),
        ({"width": 639, "height": 361}, ["crop=638:360:0:0"], ["zscale"]),
        ({"width": 361, "height": 639, "rotation": 90}, ["crop=638:360:0:0"], []),
        ({"interlaced": True}, ["bwdif=mode=send_frame"], []),
        ({"hdr": "hlg"}, ["arib-std-b67", "tonemap=mobius", "transfer=bt709"], ["setparams=colorspace=bt709"]),
        ({"primaries": "smpte432"}, ["zscale=primaries=bt709"], ["tonemap"]),
        ({"primaries": "smpte170m"}, [], ["setparams", "out_color_matrix"]),
        ({"pixel_format": "gbrp"}, ["out_color_matrix=bt709", "colorspace=bt709"], []),
        ({"width": 640, "height": 480}, ["colorspace=smpte170m"], ["bt709"]),
        ({"codec": "vp9", "alpha": True}, ["-c:0 libvpx-vp9", "drawbox", "color=#FFFFFF", "overlay"], []),
        ({"fps": 1000.0}, ["select=", "*60+0.3"], []),
        ({"fps": 24.0, "variable": True}, ["select=", "*60+0.3"], []),
        ({"width": 1, "height": 900}, ["scale=2:1800", "pad=16:1800"], []),
    ],
)  # fmt: skip
def test_filters_follow_from_the_facts(facts: dict[str, Any], there: list[str], absent: list[str]) -> None:
    line = arguments(clip(**facts)).replace("\\", "")
    assert [words for words in there if words not in line] == []
    assert [words for words in absent if words in line] == []


def test_the_picture_is_main_profile_without_b_frames_in_its_own_time() -> None:
    line = arguments(clip(sound=stereo("opus")))
    for option in ("-profile:v main", "-bf 0", "-fps_mode vfr", "-enc_time_base:v 1/90000", "-crf 21", "-maxrate "):
        assert option in line
    assert "aresample=async=1:first_pts=0" in line
    assert "asetpts" not in line
    assert "-ac 2" in line


def test_two_passes_share_a_log_and_the_first_makes_nothing() -> None:
    media = clip(120, sound=stereo("opus"), bit_rate=3_000_000)
    recipe = ladder(media)[-1]
    first, second = arguments(media, recipe, part=1), arguments(media, recipe, part=2)
    assert "-pass 1" in first
    assert "-f null" in first
    assert "output.mp4" not in first
    assert "-c:a" not in first
    assert "-pass 2" in second
    assert "-passlogfile passes" in second
    assert second.endswith("output.mp4")


@pytest.mark.parametrize(
    ("profiles", "made"), [(("High", "Main"), "main"), (("High",), "high"), (("Constrained Baseline",), "baseline")]
)
def test_the_profile_is_one_that_is_taken(profiles: tuple[str, ...], made: str) -> None:
    media = clip()
    recipe = ladder(media, replace(VIDEO, video_profiles=profiles))[0]
    assert f"-profile:v {made}" in arguments(media, recipe)


def test_an_animation_is_a_film_of_its_frames() -> None:
    media = Media(
        name="a.gif", size=5000, mime="image/gif", kind="animation", width=101, height=50, frames=20, duration=2.0,
        shortest_frame=0.1, alpha=True,
    )  # fmt: skip
    made = as_film(media)
    assert made.main_video is not None
    assert (made.main_video.fps, made.demuxer, made.main_video.codec) == (10.0, "mov", "qtrle")
    recipe = ladder(media, GIF, background="#00FF00")[0]
    assert recipe.changes == ("transparent areas filled with the background colour #00FF00",)
    assert (recipe.picture or VideoSettings(width=0, height=0)).width == 100
    assert ENCODER.expect(recipe, media, GIF).duration == 2.0


names = st.sampled_from
video_streams = st.builds(
    VideoStream,
    index=st.integers(0, 3),
    codec=names(["h264", "hevc", "vp9", "mpeg2video", "prores", "av1"]),
    profile=names(["", "Main", "High", "Constrained Baseline", "High 10", "High 4:4:4 Predictive"]),
    pixel_format=names(["", "yuv420p", "yuvj420p", "yuv422p10le", "yuv444p", "gbrp", "rgb24", "yuva420p"]),
    bit_depth=names([8, 10]),
    width=st.integers(1, 8192),
    height=st.integers(1, 4320),
    fps=st.none() | st.floats(0.01, 1000),
    variable=st.booleans(),
    bit_rate=st.none() | st.integers(1, 200_000_000),
    b_frames=st.booleans(),
    interlaced=st.booleans(),
    hdr=names(["", "pq", "hlg"]),
    primaries=names(["", "bt709", "bt2020", "smpte170m", "smpte432"]),
    rotation=names([0, 90, 180, 270]),
    mirrored=st.booleans(),
    pixel_aspect=st.floats(0.1, 8),
    alpha=st.booleans(),
    default=st.booleans(),
    duration=st.none() | st.floats(0.01, 20_000),
)
audio_streams = st.builds(
    AudioStream,
    index=st.integers(4, 7),
    codec=names(["aac", "opus", "ac3", "pcm_s16le", "amr_nb", "mp3"]),
    profile=names(["", "LC", "HE-AAC", "xHE-AAC"]),
    channels=st.integers(1, 8),
    sample_rate=names([8000, 22050, 44100, 48000, 96000, 192000]),
    bit_rate=st.none() | st.integers(1, 5_000_000),
    default=st.booleans(),
    duration=st.none() | st.floats(0.01, 20_000),
)
medias = st.builds(
    Media,
    name=names(["film.mkv", "a.gif", ".mp4", "no suffix"]),
    size=st.integers(1, 5_000_000_000),
    mime=names(["video/mp4", "video/x-matroska", "video/x-msvideo", "video/mp2t", "image/gif"]),
    kind=names(["video", "video", "animation", "audio", "image"]),
    width=st.integers(1, 8192),
    height=st.integers(1, 4320),
    orientation=st.integers(1, 8),
    frames=st.integers(1, 500),
    shortest_frame=st.none() | st.floats(0, 1),
    duration=st.none() | st.floats(0.01, 20_000),
    alpha=st.booleans(),
    colour_space=names(["", "sRGB", "Display P3"]),
    demuxer=names(["mov", "matroska", "avi", "mpegts", ""]),
    faststart=names([None, True, False]),
    video=st.lists(video_streams, max_size=2).map(tuple),
    audio=st.lists(audio_streams, max_size=3).map(tuple),
    extras=names([(), ("subtitle",), ("chapters", "data")]),
    metadata=names([(), ("location", "text")]),
    trailing=names([0, 99]),
)
limits = st.sampled_from([VIDEO, GIF]).flatmap(
    lambda shipped: st.builds(
        replace,
        st.just(shipped),
        max_bytes=names([None, 100_000, 16_000_000]),
        max_side=names([None, 100, 501, 1280]),
        max_duration=names([None, 0.5, 30.0]),
        video_codec=names([("h264",), ("h264", "hevc"), ("hevc",)]),
        video_profiles=names([(), ("Main",), ("High",), ("Constrained Baseline",), ("Baseline",)]),
        pixel_formats=names([(), ("yuv420p",), ("yuv422p",)]),
        max_channels=names([{}, {"video/mp4": 0}, {"video/mp4": 1}, {"video/mp4": 2}]),
        audio_streams=names([None, 0, 1]),
        sample_rate=names([None, 16000, 44100]),
        alpha=names([None, False]),
        colour_space=names([(), ("sRGB",)]),
        animated=names([None, True, False]),
        width=names([None, 512]),
        height=names([None, 512]),
    )
)


@given(media=medias, bounds=limits)
def test_what_is_expected_of_every_rung_passes_the_rules_that_asked_for_it(media: Media, bounds: Limits) -> None:
    rungs = ladder(media, bounds)
    for rung in rungs:
        assert not errors_of(check_media(ENCODER.expect(rung, media, bounds), bounds, ours=True))
        source = as_film(media)
        assert film_arguments(rung, source, "#FFFFFF", "output.mp4", part=2 if rung.encodes == 2 else 0)
    assert [rung.encodes == 0 for rung in rungs] == sorted((rung.encodes == 0 for rung in rungs), reverse=True)
