"""MP4, Matroska, Ogg, WAV and tags: what the bytes say without a decoder."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import pytest

from mediaprep import errors
from mediaprep.containers import amr, ebml, heif, id3, mp4, mp4_tags, mpegaudio, nal, ogg, riff
from mediaprep.running import tools
from tests import material

FILM = ("-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=10")
TONE = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def made(folder: Path, name: str, *arguments: str) -> bytes:
    """What ffmpeg makes, in bytes."""
    path = folder / name
    command = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *arguments, "-threads", "1", str(path)]
    subprocess.run(command, check=True, timeout=600)
    return path.read_bytes()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def read_mp4(data: bytes) -> mp4.Movie:
    return mp4.read(io.BytesIO(data))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("movies")


@pytest.fixture(scope="module")
def plain(folder: Path) -> bytes:
    return made(folder, "plain.mp4", *FILM, *TONE, *H264, "-c:a", "aac")


def test_mp4_index_first_last_and_in_fragments(folder: Path, plain: bytes) -> None:
    assert not read_mp4(plain).faststart
    assert read_mp4(made(folder, "fast.mp4", *FILM, *H264, "-movflags", "+faststart")).faststart
    flags = "+frag_keyframe+empty_moov"
    fragments = read_mp4(made(folder, "frag.mp4", *FILM, *H264, "-movflags", flags))
    assert fragments.fragmented and not fragments.faststart and not fragments.cut


def test_mp4_tracks_by_ffmpegs_ids(plain: bytes) -> None:
    film = read_mp4(plain)
    assert [(track.identity, track.handler, track.sample_entry) for track in film.tracks] == [
        (1, "vide", "avc1"), (2, "soun", "mp4a"),
    ]  # fmt: skip
    second = film.track(2)
    assert second is not None and second.handler == "soun" and film.track(9) is None


def test_mp4_cut_short_or_without_index(folder: Path, plain: bytes) -> None:
    fast = made(folder, "fast.mp4", *FILM, *H264, "-movflags", "+faststart")
    assert read_mp4(fast[:-200]).cut
    with pytest.raises(errors.Incomplete, match="no index"):
        mp4.read(io.BytesIO(plain[: plain.index(b"moov") - 4]))


def test_mp4_whose_last_box_lies_but_whose_samples_are_there(folder: Path) -> None:
    fast = made(folder, "fast.mp4", *FILM, *H264, "-movflags", "+faststart")
    at = fast.index(b"mdat") - 4
    size = struct.unpack_from(">I", fast, at)[0]
    assert not read_mp4(fast[:at] + struct.pack(">I", size + 5000) + fast[at + 4 :]).cut


def test_bytes_after_a_film_are_trailing(plain: bytes) -> None:
    assert read_mp4(plain).trailing == 0
    assert read_mp4(plain + b"\0" * 40).trailing == 40
    assert read_mp4(plain + box(b"PK\3\4", b"zip")).trailing == 11
    assert not read_mp4(plain + box(b"free", bytes(4))).trailing


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), (0, False)),
        ((0, 1, -1, 0), (90, False)),
        ((-1, 0, 0, -1), (180, False)),
        ((0, -1, 1, 0), (270, False)),
        ((-1, 0, 0, 1), (0, True)),
        ((1, 0, 0, -1), (180, True)),
        ((0, 1, 1, 0), (270, True)),
        ((0, 0, 0, 0), (0, False)),
        ((0.7071, 0.7071, -0.7071, 0.7071), (0, False)),
    ],
)
def test_display_matrix(matrix: tuple[float, ...], expected: tuple[int, bool]) -> None:
    a, b, c, d = (round(value * 65536) for value in matrix)
    assert mp4.orientation(struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)) == expected


def test_hostile_boxes_end_and_are_refused() -> None:
    index = box(b"moov", box(b"mvhd", bytes(100)))
    with pytest.raises(errors.TooMuch, match="tracks"):
        mp4.read(io.BytesIO(box(b"moov", box(b"trak", b"") * 100)))
    edits = box(b"edts", box(b"elst", struct.pack(">II", 0, 20_000)))
    with pytest.raises(errors.TooMuch, match="edit list"):
        mp4.read(io.BytesIO(box(b"moov", box(b"trak", edits))))
    with pytest.raises(errors.Damaged, match="compressed"):
        mp4.read(io.BytesIO(box(b"moov", box(b"cmov", b""))))
    huge = struct.pack(">I4sQ", 1, b"free", 1 << 63)
    assert mp4.read(io.BytesIO(index + huge)).cut
    assert not mp4.read(io.BytesIO(index + struct.pack(">I4s", 0, b"free"))).cut


def test_encrypted_tracks_are_seen(plain: bytes) -> None:
    assert not read_mp4(plain).encrypted
    assert read_mp4(plain.replace(b"avc1\0\0\0\0", b"encv\0\0\0\0")).encrypted


@pytest.mark.parametrize("where", ["after", "index", "user data"])
def test_what_is_left_over_in_a_free_box_is_text(folder: Path, where: str) -> None:
    data = made(folder, "free.mp4", *FILM, "-t", "0.2", *H264)
    leftovers = {b"a private place": {"text"}, bytes(20): set()}
    for content, expected in leftovers.items():
        free = box(b"free", content)
        if where == "after":
            file = io.BytesIO(data + free)
        else:
            added = free if where == "index" else box(b"udta", free)
            at = data.index(b"moov") - 4
            (size,) = struct.unpack_from(">I", data, at)
            file = io.BytesIO(data[:at] + struct.pack(">I", size + len(added)) + data[at + 4 : at + size] + added)
        assert mp4_tags.kinds(file, mp4.read(file)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), set()),
        (("-metadata", "title=Sea"), {"text"}),
        (("-metadata", "artist=Jo"), {"person"}),
        (("-metadata", "location=+48.85+002.35/"), {"location"}),
        (("-metadata", "creation_time=2026-01-01T00:00:00Z"), {"time"}),
        (("-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.model=Phone 9"), {"device"}),
    ],
)
def test_mp4_metadata(folder: Path, arguments: tuple[str, ...], expected: set[str]) -> None:
    data = io.BytesIO(made(folder, "tags.mp4", *FILM, "-t", "0.2", *H264, *arguments))
    assert mp4_tags.kinds(data, mp4.read(data)) == expected


def test_a_camera_that_names_its_tracks_is_a_device(folder: Path) -> None:
    name = ("-metadata:s:v:0", "handler_name=GoPro AVC", "-map_metadata", "-1", "-fflags", "+bitexact")
    data = made(folder, "camera.mp4", *FILM, *H264, *name)
    assert b"GoPro AVC" in data
    assert mp4_tags.kinds(io.BytesIO(data), read_mp4(data)) == {"device"}
    assert mp4_tags.kinds(io.BytesIO(data.replace(b"GoPro AVC", b"VideoHand")), read_mp4(data)) == set()


def test_matroska(folder: Path) -> None:
    cover = folder / "cover.jpg"
    material.photo(16, 16).save(cover)
    arguments = ("-metadata", "ARTIST=Jo", "-attach", str(cover), "-metadata:s:t", "mimetype=image/jpeg")
    data = made(folder, "film.mkv", *FILM, *H264, *arguments)
    film = ebml.read(io.BytesIO(data))
    assert film.doc_type == "matroska" and not film.cut and not film.encrypted
    assert film.metadata == {"person", "thumbnail"} and film.extras == ("cover",)
    assert ebml.read(io.BytesIO(data[: len(data) // 2])).cut
    live = made(folder, "live.webm", *TONE, "-c:a", "libopus", "-live", "1")
    assert not ebml.read(io.BytesIO(live)).cut
    assert ebml.read(io.BytesIO(live[:-20])).cut


def test_ogg(folder: Path) -> None:
    data = made(folder, "voice.ogg", *TONE, "-c:a", "libopus", "-metadata", "ARTIST=Jo", "-metadata", "LOCATION=Paris")
    voice = ogg.read(io.BytesIO(data))
    assert voice.codecs == ("opus",) and voice.metadata == {"person", "location"}
    assert not voice.cut and not voice.trailing and not voice.chained
    assert ogg.read(io.BytesIO(data[: len(data) // 2])).cut
    assert ogg.read(io.BytesIO(data + b"xyz")).trailing == 3
    assert ogg.read(io.BytesIO(data + data)).chained
    head = data.index(b"OpusHead")
    assert "before its audio" in ogg.read(io.BytesIO(data[: head + 10] + b"\xff\xff" + data[head + 12 :])).cut
    vorbis = ogg.read(io.BytesIO(made(folder, "clean.ogg", *TONE, "-c:a", "libvorbis")))
    assert vorbis.codecs == ("vorbis",) and not vorbis.metadata
    assert ogg.read(io.BytesIO(made(folder, "flac.oga", *TONE, "-c:a", "flac", "-metadata", "DATE=2026"))).metadata == {
        "time"
    }


@pytest.mark.parametrize(("magic", "kind", "size"), [(b"#!AMR\n", 7, 32), (b"#!AMR-WB\n", 8, 61)])
def test_amr_ends_with_a_whole_frame(tmp_path: Path, magic: bytes, kind: int, size: int) -> None:
    frame = bytes([kind << 3 | 4]) + bytes(size - 1)
    for data, cut in ((frame * 3, False), (frame * 2 + frame[:9], True), (frame + b"\x64" + frame[:9], False)):
        (tmp_path / "note.amr").write_bytes(magic + data)
        with (tmp_path / "note.amr").open("rb") as file:
            assert bool(amr.read(file).cut) is cut


def test_wav(folder: Path) -> None:
    data = made(folder, "sound.wav", *TONE, "-fflags", "+bitexact")
    clean = riff.read_wav(io.BytesIO(data))
    assert not clean.cut and not clean.metadata and not clean.trailing
    assert riff.read_wav(io.BytesIO(data[: len(data) // 2])).cut
    assert riff.read_wav(io.BytesIO(data + b"0123456789")).trailing == 10
    streamed = data[:40] + b"\xff\xff\xff\xff" + data[44:]
    assert not riff.read_wav(io.BytesIO(streamed)).cut
    signed = made(folder, "signed.wav", *TONE, "-metadata", "artist=Jo", "-metadata", "comment=hi")
    assert riff.read_wav(io.BytesIO(signed)).metadata == {"person", "text"}
    large = made(folder, "large.wav", *TONE, "-rf64", "always")
    assert not riff.read_wav(io.BytesIO(large)).cut
    assert riff.read_wav(io.BytesIO(large[: len(large) // 2])).cut


def test_avi(folder: Path) -> None:
    data = made(folder, "film.avi", *FILM, "-c:v", "mjpeg")
    assert not riff.read_avi(io.BytesIO(data)).cut
    assert riff.read_avi(io.BytesIO(data[: len(data) // 2])).cut


def id3_tag(*frames: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack(">I", len(text) + 1) + b"\0\0\0" + text for name, text in frames)
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body


def test_tags_around_bare_sound() -> None:
    sound = b"\xff\xfb" + bytes(100)
    tag = id3_tag((b"TPE1", b"Jo"), (b"TSSE", b"Lavf"), (b"TIT2", b"  "))
    old = b"TAG" + b"Sea".ljust(30, b"\0") + bytes(95)
    ape = b"APETAGEX" + struct.pack("<III", 2000, 32, 0) + bytes(12)
    found = id3.read(io.BytesIO(tag + sound + ape + old))
    assert (found.start, found.end) == (len(tag), len(tag) + len(sound))
    assert found.metadata == {"person", "text"}
    assert id3.read(io.BytesIO(id3_tag((b"TSSE", b"Lavf")) + sound)).metadata == frozenset()
    assert id3.kinds(id3_tag((b"APIC", b"image/png"), (b"TDRC", b"2026"), (b"PRIV", b"x"))) == {
        "thumbnail", "time", "text",
    }  # fmt: skip


def test_frames_of_bare_sound(folder: Path) -> None:
    mp3 = made(folder, "a.mp3", *TONE, "-c:a", "libmp3lame", "-id3v2_version", "0")
    assert mpegaudio.runs(mp3, mpegaudio.mpeg_frame, 5)
    assert mpegaudio.promised_bytes(mp3) == len(mp3)
    assert mpegaudio.runs(made(folder, "a.aac", *TONE, "-c:a", "aac"), mpegaudio.adts_frame, 5)
    for rate in ("44100", "48000", "32000"):
        ac3 = made(folder, "a.ac3", *TONE, "-ar", rate, "-c:a", "ac3")
        assert mpegaudio.runs(ac3, mpegaudio.ac3_frame, 5) and not mpegaudio.is_extended_ac3(ac3)
    eac3 = made(folder, "a.eac3", *TONE, "-c:a", "eac3")
    assert mpegaudio.runs(eac3, mpegaudio.ac3_frame, 5) and mpegaudio.is_extended_ac3(eac3)
    for rate, form in (("44100", "mp2"), ("22050", "mp2"), ("22050", "mp3"), ("8000", "mp3")):
        plain = ("-id3v2_version", "0") if form == "mp3" else ()
        frames = made(folder, f"b.{form}", *TONE, "-ar", rate, *plain)
        assert mpegaudio.runs(frames, mpegaudio.mpeg_frame, 5)
    assert not mpegaudio.runs(b"plain text " * 50, mpegaudio.mpeg_frame, 1)


def test_private_words_among_pictures() -> None:
    def message(identity: bytes, text: bytes) -> bytes:
        return b"\x06\x05" + bytes([16 + len(text)]) + identity + text + b"\x80"

    ours = message(bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef"), b"x264 - core")
    theirs = message(bytes(range(16, 32)), b"my address")
    length_first = bytes.fromhex("01640028ff")
    assert not nal.has_user_data("h264", length_first, struct.pack(">I", len(ours)) + ours)
    assert nal.has_user_data("h264", length_first, struct.pack(">I", len(theirs)) + theirs)
    assert nal.has_user_data("h264", b"", b"\0\0\0\1" + ours + b"\0\0\1" + theirs)
    assert nal.has_user_data("hevc", b"", b"\0\0\1\x4e\1" + theirs[1:])
    assert not nal.has_user_data("av1", b"", theirs)


@pytest.mark.parametrize("form", ["AVIF", "HEIF"])
def test_pictures_in_boxes(form: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    material.photo(64, 64).save(out, form)
    facts = heif.read(out)
    assert (facts.width, facts.height, facts.bit_depth, facts.durations) == (64, 64, 8, (0.0,))
    assert not facts.cut and heif.read(io.BytesIO(out.getvalue()[:-30])).cut
    with pytest.raises(errors.Incomplete):
        heif.read(io.BytesIO(out.getvalue()[:24]))


def test_avif_sequence_keeps_its_times() -> None:
    out = io.BytesIO()
    first, *rest = [frame.convert("RGB") for frame in material.ball(3, 64)]
    first.save(out, "AVIF", save_all=True, append_images=rest, duration=[100, 250, 40])
    assert heif.read(out).durations == pytest.approx((0.1, 0.25, 0.04))
