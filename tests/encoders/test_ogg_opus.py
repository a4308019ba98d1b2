"""Sound as Opus in Ogg: voice notes."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders.ogg_opus import ENCODERS, SPEECH, OggOpus
from mediaprep.encoders.sound import Heard
from mediaprep.encoders.sound.ogg_pages import checksum, joined, samples, written_pages
from mediaprep.errors import Damaged, OutputError
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.rules import check_media
from mediaprep.running import tools
from tests import strategies
from tests.sounds import AUDIO, VOICE, facts, ogg_pages, pcm, record, slow_crc, work

OPUS = OggOpus()
STREAM = AudioStream(index=0, codec="pcm_s16le", channels=2, sample_rate=44100, bit_rate=1_411_200, duration=30.0)
MEMO = Media(name="memo.wav", size=5_000_000, mime="audio/wav", kind="audio", demuxer="wav", audio=(STREAM,))
FRAME = 960
TWENTY_MS = (1, 5, 9, 13, 15, 19, 23, 27, 31)
"""The configurations of frames of 20 ms, which is all that these tests meet (RFC 6716, table 2)."""


def memo(**more: object) -> Media:
    return replace(MEMO, audio=(replace(STREAM, **more),))


def assert_right_ogg(path: Path, seconds: float, *, rate: int = 16000) -> None:
    """RFC 7845: one head, no comments, and on every page the samples that were there so far."""
    head, tags, *sound = ogg_pages(path.read_bytes())
    assert head.flags == 2
    assert head.packets[0][:10] == b"OpusHead\x01\x01"
    pre_skip, hertz = struct.unpack_from("<HI", head.packets[0], 10)
    assert hertz == rate
    assert tags.packets == [b"OpusTags\x09\0\0\0mediaprep\0\0\0\0"]
    assert [page.number for page in (head, tags, *sound)] == list(range(2 + len(sound)))
    assert [page.flags for page in sound] == [0] * (len(sound) - 1) + [4]
    total = 0
    for page in sound:
        for packet in page.packets:
            count = packet[1] & 63 if packet[0] & 3 == 3 else (1, 2, 2)[packet[0] & 3]
            assert packet[0] >> 3 in TWENTY_MS
            total += FRAME * count
        assert page.granule == total or (page is sound[-1] and total - 6 * FRAME < page.granule <= total)
    assert (sound[-1].granule - pre_skip) / 48000 == pytest.approx(seconds, abs=0.002)


def test_a_note_starts_with_24_kbit_and_falls_with_its_length() -> None:
    def first(seconds: float, **options: object) -> int:
        return int(OPUS.ladder(memo(duration=seconds), VOICE, (), Options(**options))[0].bit_rate)  # type: ignore[arg-type]

    assert first(5) == first(150) == 24_000
    assert first(30, voice_rate=48000) == 32_000
    assert 18_000 < first(200) < 20_000
    assert first(330) == first(3600) == 12_000
    for seconds in (170, 200, 250, 300):
        assert OPUS.size(first(seconds), 16000, seconds) <= 512_000
    assert OPUS.ladder(memo(duration=None), VOICE, (), Options())[0].bit_rate == 24_000


def test_rungs_fall() -> None:
    for limits in (VOICE, AUDIO):
        rates = [rung.bit_rate for rung in OPUS.ladder(memo(duration=200.0), limits, (), Options())]
        assert all(larger > smaller for larger, smaller in pairwise(rates))
        assert rates[-1] == 12_000


def test_music_and_speech() -> None:
    music = OPUS.ladder(MEMO, AUDIO, (), Options())[0]
    assert (music.bit_rate, music.sample_rate, music.speech) == (64_000, 48000, False)
    speech = OPUS.ladder(MEMO, VOICE, (), Options())[0]
    assert (speech.bit_rate, speech.sample_rate, speech.speech) == (24_000, 16000, True)
    assert speech.changes == ("audio mixed down from stereo to mono",)
    assert OPUS.settings(music)["application"] == "audio"
    assert OPUS.settings(speech)["application"] == "voip"
    amr = OPUS.ladder(memo(codec="amr_nb", channels=1, sample_rate=8000, bit_rate=5_200), VOICE, (), Options())
    assert amr[0].bit_rate == SPEECH[-1]


def test_opus_that_fits_is_copied() -> None:
    opus = memo(codec="opus", channels=1, sample_rate=48000, bit_rate=32_000)
    film = replace(opus, mime="video/webm", kind="video", video=(VideoStream(index=1, codec="vp9"),))
    for media in (opus, film):
        assert OPUS.ladder(media, VOICE, (), Options())[0].encodes == 0
    assert OPUS.ladder(replace(opus, audio=(replace(opus.audio[0], channels=2),)), VOICE, (), Options())[0].encodes == 1
    assert OPUS.ladder(opus, VOICE, (), Options(normalize=True))[0].encodes == 1


def test_a_note_that_is_cut_has_the_bits_of_what_is_left() -> None:
    def best(seconds: float | None) -> int:
        return OPUS.ladder(memo(duration=seconds), replace(VOICE, max_duration=60.0), (), Options())[0].bit_rate

    assert best(7200.0) == best(30.0) == best(None) == 24_000


@pytest.mark.parametrize(
    ("seconds", "bit_rate", "copied"),
    [(100, 32_000, True), (200, 32_000, False), (3600, 32_000, True), (5000, 32_000, False)],
)
def test_a_copy_above_the_advised_size_only_if_no_encode_gets_below(
    seconds: float, bit_rate: int, copied: bool
) -> None:
    opus = memo(codec="opus", channels=1, duration=float(seconds), bit_rate=bit_rate)
    assert (OPUS.ladder(opus, VOICE, (), Options())[0].encodes == 0) is copied


def test_the_arguments() -> None:
    recipe = OPUS.ladder(MEMO, VOICE, (), Options())[0]
    line = " ".join(OPUS.arguments(recipe, MEMO, STREAM, Heard(), "frames.ogg"))
    for part in ("-c:a libopus", "-b:a 24000", "-ar 16000", "-ac 1", "-application voip", "-map_metadata -1", "-f ogg"):
        assert part in line.replace("-acodec", "-c:a")


@given(st.one_of(strategies.films(), strategies.recordings()), strategies.options, st.sampled_from([VOICE, AUDIO]))
def test_what_is_expected_passes_the_rules(media: Media, options: Options, limits: object) -> None:
    wanted = VOICE if limits is VOICE else AUDIO
    for recipe in OPUS.ladder(media, wanted, (), options):
        expected = OPUS.expect(recipe, media, wanted)
        assert not [finding for finding in check_media(expected, wanted, ours=True) if finding.level == "error"]
        assert expected.name.endswith(".ogg")


@pytest.mark.parametrize("seconds", [0.02, 1.0, 4.37])
def test_a_note_is_made(tmp_path: Path, seconds: float) -> None:
    path = record(tmp_path, seconds, "-ac", "2", "-metadata", "title=Secret", "-f", "flac")
    media = facts(path, "audio/flac", "flac")
    recipe = OPUS.ladder(media, VOICE, (), Options())[0]
    OPUS.encode(recipe, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    assert_right_ogg(tmp_path / "output.ogg", seconds)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["input", "output.ogg"]
    heard = pcm(tmp_path / "output.ogg")
    assert len(heard) / 48000 == pytest.approx(seconds, abs=0.01)


def test_a_long_note_stays_under_the_advised_size(tmp_path: Path) -> None:
    noise = "anoisesrc=colour=pink:sample_rate=16000:duration={seconds},tremolo=f=5:d=0.9"
    path = record(tmp_path, 180, "-f", "wav", graph=noise)
    media = facts(path, "audio/wav", "wav")
    recipe = OPUS.ladder(media, VOICE, (), Options())[0]
    assert recipe.bit_rate < 24_000
    assert recipe.changes == (f"audio encoded at {recipe.bit_rate / 1000:g} kbit/s because it is long",)
    OPUS.encode(recipe, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    assert 400_000 < (tmp_path / "output.ogg").stat().st_size <= 512_000


@pytest.mark.parametrize("container", ["webm", "matroska", "mp4", "ogg"])
def test_opus_from_any_container_is_copied(tmp_path: Path, container: str) -> None:
    made = record(tmp_path, 3, "-ac", "1", "-c:a", "libopus", "-b:a", "24k", "-f", "ogg", name="made.ogg")
    tagged = ["-metadata", "title=Secret", "-metadata:s:a:0", "artist=Jo"]
    told = ["-v", "error", "-y", "-i", made.name, "-c", "copy", *tagged, "-f", container, "input"]
    tools.run(told, folder=tmp_path, seconds=600)
    demuxer = {"webm": "matroska", "mp4": "mov"}.get(container, container)
    media = facts(tmp_path / "input", f"audio/{container}", demuxer)
    recipe = OPUS.ladder(media, VOICE, (), Options())[0]
    assert recipe.encodes == 0
    OPUS.encode(recipe, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    assert_right_ogg(tmp_path / "output.ogg", 3.0, rate=48000)
    assert pcm(tmp_path / "output.ogg") == pcm(made)


def test_sound_that_starts_late_starts_at_once(tmp_path: Path) -> None:
    record(tmp_path, 2, "-ac", "1", "-c:a", "libopus", "-f", "ogg", name="made.ogg")
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=5", "-itsoffset", "3", "-i", "made.ogg"]
    streams = ["-map", "0", "-map", "1", "-c:v", "mjpeg", "-c:a", "copy", "-f", "matroska", "input"]
    tools.run(["-v", "error", "-y", *picture, *streams], folder=tmp_path, seconds=600)
    media = facts(tmp_path / "input", "video/x-matroska", "matroska")
    media = replace(media, audio=(replace(media.audio[0], duration=2.0),))
    recipes = OPUS.ladder(media, VOICE, (), Options())
    assert recipes[0].encodes == 0
    for recipe, rate in zip(recipes[:2], (48000, 16000), strict=True):
        OPUS.encode(recipe, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
        assert len(pcm(tmp_path / "output.ogg")) / 48000 == pytest.approx(2.0, abs=0.03)
        assert next(ogg_pages((tmp_path / "output.ogg").read_bytes())).packets[0][12:14] == struct.pack("<H", rate)


def test_a_copy_that_would_lose_time_is_refused(tmp_path: Path) -> None:
    record(tmp_path, 4, "-ac", "1", "-c:a", "libopus", "-f", "ogg", name="made.ogg")
    gap = ["-i", "made.ogg", "-c", "copy", "-bsf:a", "setts=ts=TS+48000*gt(N\\,99)", "-f", "matroska", "input"]
    tools.run(["-v", "error", "-y", *gap], folder=tmp_path, seconds=600)
    media = facts(tmp_path / "input", "audio/x-matroska", "matroska")
    copy, encode = OPUS.ladder(media, VOICE, (), Options())[:2]
    with pytest.raises(OutputError, match="gaps"):
        OPUS.encode(copy, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    OPUS.encode(encode, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    assert len(pcm(tmp_path / "output.ogg")) / 48000 == pytest.approx(5.0, abs=0.03)


def test_what_is_no_opus_is_damaged(tmp_path: Path) -> None:
    record(tmp_path, 1, "-c:a", "flac", "-f", "ogg")
    media = memo(codec="opus", channels=1, index=0)
    with pytest.raises(Damaged, match="header"):
        OPUS.copy(work(tmp_path, replace(media, demuxer="ogg"), VOICE), media.audio[0], tmp_path / "output.ogg")
    (tmp_path / "input").write_bytes(b"nothing")
    with pytest.raises(Damaged, match="cannot be read"):
        OPUS.copy(work(tmp_path, replace(media, demuxer="ogg"), VOICE), media.audio[0], tmp_path / "output.ogg")


def test_joined_frames_sound_the_same_on_a_phone(tmp_path: Path) -> None:
    media = facts(record(tmp_path, 3, "-f", "wav"), "audio/wav", "wav")
    recipe = OPUS.ladder(media, VOICE, (), Options())[0]
    told = OPUS.arguments(recipe, media, media.audio[0], Heard(), "single.ogg")
    tools.run(told, folder=tmp_path, seconds=600)
    OPUS.encode(recipe, work(tmp_path, media, VOICE), tmp_path / "output.ogg")
    assert pcm(tmp_path / "output.ogg", "libopus") == pcm(tmp_path / "single.ogg", "libopus")
    _, _, *sound = ogg_pages((tmp_path / "output.ogg").read_bytes())
    assert sum(packet[:2] == bytes([packet[0] | 3, 0x80 | 6]) for page in sound for packet in page.packets) > 20
    assert (tmp_path / "output.ogg").stat().st_size < (tmp_path / "single.ogg").stat().st_size


@given(st.lists(st.tuples(st.sampled_from([0x48, 0x78, 0x49, 0xFC]), st.binary(max_size=700)), min_size=1, max_size=40))
def test_joining_loses_no_byte_and_no_sample(frames: list[tuple[int, bytes]]) -> None:
    packets = [bytes([toc]) + data for toc, data in frames]
    together = list(joined((packet, samples(packet)) for packet in packets))
    assert sum(heard for _, heard in together) == sum(map(samples, packets))
    assert all(heard == samples(packet) for packet, heard in together)
    assert [toc for packet, _ in together for toc in split(packet)] == packets


def split(packet: bytes) -> list[bytes]:
    """The frames of a packet of code 3 with a length for each (RFC 6716, section 3.2.5), each a packet again."""
    if packet[0] & 3 != 3:
        return [packet]
    at, sizes = 2, []
    for _ in range((packet[1] & 63) - 1):
        size, at = packet[at], at + 1
        if size >= 252:
            size, at = size + 4 * packet[at], at + 1
        sizes.append(size)
    sizes.append(len(packet) - at - sum(sizes))
    starts = [at + sum(sizes[:place]) for place in range(len(sizes))]
    return [bytes([packet[0] & 0xFC]) + packet[start : start + size] for start, size in zip(starts, sizes, strict=True)]


@given(st.lists(st.binary(min_size=1, max_size=3000).map(lambda data: b"\x48" + data), min_size=1, max_size=120))
def test_pages_hold_what_was_given(packets: list[bytes]) -> None:
    _, _, *found = ogg_pages(b"".join(written_pages(b"OpusHead", ((packet, 960) for packet in packets))))
    assert [packet for page in found for packet in page.packets] == packets
    assert found[-1].granule == 960 * len(packets)


@given(st.binary(max_size=300))
def test_the_checksum(data: bytes) -> None:
    assert checksum(data) == slow_crc(data)


def test_the_shelf() -> None:
    assert ENCODERS["audio/ogg"].mime == "audio/ogg"
