"""Makes `samples/`: tiny media, one purpose each. Needs nothing but what mediaprep itself depends on.

    python -m tests.make_samples samples

Bytes differ between versions of the encoders; what the files are does not, and a test compares that.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import pillow_heif
from PIL import Image

from tests import hand_made
from tests.material import ball, display_p3, docx, exif, logo, pdf, photo, text

Maker = Callable[[Path], None]


class Sample(NamedTuple):
    """One file. `does`: what mediaprep does with it, the action first; `target`: as what, if not as itself."""

    name: str
    what: str
    how: str
    does: str
    make: Maker
    target: str | None = None


def picture(draw: Callable[[], Image.Image], form: str, **settings: object) -> Maker:
    return lambda path: draw().save(path, form, **settings)


def moving(form: str, **settings: object) -> Maker:
    def make(path: Path) -> None:
        first, *rest = ball()
        first.save(path, form, save_all=True, append_images=rest, loop=0, **settings)

    return make


def heic(path: Path) -> None:
    pillow_heif.from_pillow(photo()).save(path, quality=50, exif=exif(1).tobytes())


def sticker() -> Image.Image:
    canvas = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    canvas.paste(logo(480), (16, 16))
    return canvas


def animated_sticker(path: Path) -> None:
    first, *rest = ball(8, 512)
    first.save(path, "WEBP", save_all=True, append_images=rest, loop=0, duration=80, quality=40, method=4)


PICTURE = "-f lavfi -i testsrc2=size=240x136:rate=25:duration=2"
ON_NOTHING = (
    "-f lavfi -i testsrc2=size=160x160:rate=12:duration=1,format=rgba,"
    "geq=r='r(X\\,Y)':g='g(X\\,Y)':b='b(X\\,Y)':a='if(lt(hypot(X-80\\,Y-80)\\,70)\\,255\\,0)'"
)
UNEVEN = "-f lavfi -i testsrc2=size=240x136:rate=30:duration=1,setpts='if(lt(N\\,15)\\,N/30\\,0.5+(N-15)/10)/TB'"
VOICE = (  # a hum with four partials, in syllables: near enough to speech for an encoder
    "-f lavfi -i aevalsrc=exprs='(0.3*sin(2*PI*130*t)+0.2*sin(2*PI*260*t)+0.1*sin(2*PI*650*t)+0.05*sin(2*PI*1170*t))"
    "*pow(sin(2*PI*1.5*t)\\,2)':sample_rate=48000:duration=2"
)
MUSIC = (
    "-f lavfi -i aevalsrc=exprs='0.3*sin(2*PI*(220+110*floor(2*t))*t)|0.3*sin(2*PI*(330+110*floor(2*t))*t)'"
    ":sample_rate=44100:duration=2"
)
MAIN = "-c:v libx264 -profile:v main -bf 0 -crf 34 -pix_fmt yuv420p"
AAC = "-c:a aac -b:a 48k"
FASTSTART = "-movflags +faststart"
X265 = "-c:v libx265 -crf 34 -tag:v hvc1 -pix_fmt yuv420p10le -x265-params"
LIGHT = "hdr10=1:repeat-headers=1:colorprim=bt2020:colormatrix=bt2020nc:log-level=error:transfer"
SUBTITLES = "1\n00:00:00,200 --> 00:00:01,800\nA word below the picture\n"


def ffmpeg(arguments: str, *, inputs: str = "") -> Maker:
    """The file that these arguments of ffmpeg make; inputs are read from the folder of samples."""

    def make(path: Path) -> None:
        program = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
        exact = ["-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1"]
        words = [*shlex.split(inputs), *shlex.split(arguments)]
        quiet = {**os.environ, "SVT_LOG": "1"}
        subprocess.run([*program, *words, *exact, path.name], cwd=path.parent, env=quiet, check=True, timeout=1200)

    return make


def film(name: str, what: str, does: str, arguments: str, inputs: str = f"{PICTURE} {VOICE}") -> Sample:
    return Sample(name, what, f"ffmpeg `{arguments}`", does, ffmpeg(arguments, inputs=inputs))


def sound(name: str, what: str, does: str, arguments: str, inputs: str = VOICE) -> Sample:
    return film(name, what, does, arguments, inputs)


def surround(path: Path) -> None:
    """The first sound is AC-3 in 5.1; the one that is meant, the default, is the second."""
    subtitles = path.with_name("words.srt")
    subtitles.write_text(SUBTITLES, encoding="utf-8")
    arguments = (
        f"-map 0 -map 1 -map 2 -map 3 {MAIN} -c:a:0 ac3 -b:a:0 128k -ac:a:0 6 -c:a:1 aac -b:a:1 48k -c:s srt "
        "-metadata:s:a:0 language=fra -metadata:s:a:1 language=eng -disposition:a:0 0 -disposition:a:1 default"
    )
    try:
        ffmpeg(arguments, inputs=f"{PICTURE} {MUSIC} {VOICE} -i {subtitles.name}")(path)
    finally:
        subtitles.unlink()


def song(path: Path) -> None:
    """An MP3 with its cover and tags."""
    cover = path.with_name("cover.jpg")
    photo(160, 160).save(cover, "JPEG")
    tags = "-metadata title='Two tones' -metadata artist='Jo Example'"
    arguments = f"-map 0 -map 1 -c:a libmp3lame -b:a 64k -c:v copy -disposition:v attached_pic -id3v2_version 3 {tags}"
    try:
        ffmpeg(arguments, inputs=f"{MUSIC} -i {cover.name}")(path)
    finally:
        cover.unlink()


def written(content: Callable[[], bytes]) -> Maker:
    """A file whose bytes the script puts together itself."""

    def make(path: Path) -> None:
        path.write_bytes(content())

    return make


def without_footer(path: Path) -> None:
    """A TGA as older programs write it: Pillow always adds the footer of version 2, of 26 bytes."""
    photo(80, 60).save(path, "TGA")
    path.write_bytes(path.read_bytes()[:-26])


def floats(path: Path) -> None:
    photo(80, 60).convert("L").convert("F").point(lambda value: value * (1 / 255) + 0).save(path, "TIFF")


SAMPLES: tuple[Sample, ...] = (
    Sample("photo-ready.jpg", "a photo that complies", "Pillow", "pass", picture(photo, "JPEG", quality=80)),
    Sample(
        "photo-gps-rotated.jpg",
        "a photo taken upright: stored on its side (EXIF orientation 6), with place, phone, author and time",
        "Pillow, with EXIF written by the script",
        "encode: upright, nothing private left",
        picture(lambda: photo().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=80, exif=exif(6)),
    ),
    Sample(
        "photo-gps.jpg",
        "a photo that complies but for its place, phone, author and time",
        "Pillow, with EXIF written by the script",
        "remux: the same pixels, nothing private left",
        picture(photo, "JPEG", quality=80, exif=exif(1)),
    ),
    Sample(
        "photo-display-p3.jpg",
        "a photo in a phone's wide colours",
        "Pillow, with an ICC profile written by the script",
        "encode: the same look in sRGB",
        picture(photo, "JPEG", quality=80, icc_profile=display_p3()),
    ),
    Sample(
        "photo-cmyk.jpg",
        "a photo in printing colours",
        "Pillow",
        "encode: RGB",
        picture(lambda: photo().convert("CMYK"), "JPEG", quality=70),
    ),
    Sample("really-a-jpeg.png", "a JPEG with a wrong name", "Pillow", "pass", picture(photo, "JPEG", quality=80)),
    Sample(
        "photo-stereo.mpo",
        "two views in one file",
        "Pillow",
        "remux: the first view",
        picture(photo, "MPO", save_all=True, append_images=[photo()], quality=60),
    ),
    Sample("photo-phone.heic", "a phone's photo", "pillow-heif (x265)", "encode: JPEG", heic),
    Sample(
        "photo.avif", "a photo from the web", "Pillow (libavif)", "encode: JPEG", picture(photo, "AVIF", quality=50)
    ),
    Sample(
        "photo.webp", "a photo from the web", "Pillow (libwebp)", "encode: JPEG", picture(photo, "WEBP", quality=60)
    ),
    Sample(
        "photo.jp2",
        "a scan from an archive",
        "Pillow (OpenJPEG)",
        "encode: JPEG",
        picture(photo, "JPEG2000", quality_layers=[60]),
    ),
    Sample("photo.bmp", "a picture from an old program", "Pillow", "encode", picture(lambda: photo(160, 120), "BMP")),
    Sample(
        "scan-cmyk.tiff",
        "a scan in printing colours",
        "Pillow",
        "encode: JPEG",
        picture(lambda: photo(240, 180).convert("CMYK"), "TIFF", compression="tiff_lzw"),
    ),
    Sample("scan-float.tiff", "a measured picture, in floating point", "Pillow", "encode: 8 bit", floats),
    Sample(
        "scan-4-bit.tiff",
        "a scan with 16 greys",
        "the script",
        "encode",
        written(lambda: hand_made.tiff((81, 60), hand_made.four_bits(photo(81, 60)), bits=4)),
    ),
    Sample(
        "drawing-with-gaps.bmp",
        "run lengths that step over what is not drawn",
        "the script",
        "encode",
        written(hand_made.bmp_with_gaps),
    ),
    Sample("icon.ico", "an icon in several sizes", "Pillow", "encode: the largest", picture(logo, "ICO")),
    Sample(
        "poster.psd",
        "a Photoshop file",
        "the script",
        "encode: JPEG, all layers together",
        written(lambda: hand_made.psd(photo(80, 60))),
    ),
    Sample(
        "page.pbm",
        "a fax in black and white",
        "Pillow",
        "encode",
        picture(lambda: photo(160, 120).convert("1"), "PPM"),
    ),
    Sample("page.pgm", "a scan in greys", "Pillow", "encode", picture(lambda: photo(80, 60).convert("L"), "PPM")),
    Sample("photo.ppm", "a picture from a pipeline", "Pillow", "encode", picture(lambda: photo(80, 60), "PPM")),
    Sample("photo.pcx", "a picture from Paintbrush", "Pillow", "encode", picture(lambda: photo(80, 60), "PCX")),
    Sample("photo.sgi", "a picture from a film studio", "Pillow", "encode", picture(lambda: photo(80, 60), "SGI")),
    Sample("photo-no-footer.tga", "a Targa of the first version", "Pillow, cut", "encode", without_footer),
    film(
        "photo-16-bit.tiff",
        "a developed raw photo",
        "encode: 8 bit",
        "-frames:v 1 -pix_fmt rgb48le -compression_algo deflate",
        "-f lavfi -i gradients=size=160x120:seed=7",
    ),
    film(
        "gradient-16-bit.png",
        "a rendering with 16 bits",
        "encode: 8 bit",
        "-frames:v 1 -pix_fmt rgb48be",
        "-f lavfi -i gradients=size=160x120:seed=7",
    ),
    Sample(
        "logo-transparent.png",
        "a logo on nothing",
        "Pillow",
        "pass: `--profile engagelab` flattens it",
        picture(logo, "PNG"),
    ),
    Sample(
        "screenshot-palette.png",
        "few colours, by palette",
        "Pillow",
        "encode: PNG still, in RGB",
        picture(lambda: photo().quantize(16, dither=Image.Dither.NONE), "PNG"),
    ),
    Sample(
        "ball-transparent.gif",
        "a GIF on nothing; each frame is cleared before the next",
        "Pillow",
        "encode: silent film",
        moving("GIF", duration=80, disposal=2),
    ),
    Sample("ball-apng.png", "a PNG that moves", "Pillow", "encode: silent film", moving("PNG", duration=80)),
    Sample(
        "ball-animated.webp",
        "a WebP that moves",
        "Pillow (libwebp)",
        "encode: silent film",
        moving("WEBP", duration=80, quality=50, method=4),
    ),
    Sample(
        "ball-animated.avif",
        "an AVIF that moves",
        "Pillow (libavif)",
        "encode: silent film",
        moving("AVIF", duration=80, quality=50),
    ),
    Sample(
        "sticker-ready.webp",
        "a sticker that complies",
        "Pillow (libwebp)",
        "pass, with `--as sticker`",
        picture(sticker, "WEBP", quality=80),
        "sticker",
    ),
    Sample(
        "sticker-animated-ready.webp",
        "a moving sticker that complies",
        "Pillow (libwebp)",
        "pass, with `--as sticker`",
        animated_sticker,
        "sticker",
    ),
    film("film-ready.mp4", "a film that complies", "pass", f"{MAIN} {AAC} {FASTSTART}"),
    film("film-ready.3gp", "a phone's film that complies", "pass", f"{MAIN} {AAC} {FASTSTART} -f 3gp"),
    film("film.mkv", "streams that comply, in Matroska", "remux", "-c copy", "-i film-ready.mp4"),
    film("film.mov", "streams that comply, in QuickTime", "remux", "-c copy", "-i film-ready.mp4"),
    film("film-index-last.mp4", "complies but for its index at the end", "remux", "-c copy", "-i film-ready.mp4"),
    film(
        "film-with-place.mp4",
        "complies but for place and time",
        "remux: nothing private left",
        f"-c copy {FASTSTART} -metadata location='+48.8583+002.2945/' -metadata creation_time=2026-05-17T18:03:22Z",
        "-i film-ready.mp4",
    ),
    film(
        "film-pcm-sound.mov",
        "a camera's film: sound without compression",
        "encode: the picture is copied",
        f"{MAIN} -c:a pcm_s16le -ac 1 -ar 8000",
    ),
    film(
        "film-high-b-frames.mp4",
        "H.264 High with B-frames",
        "encode: Main without",
        f"-c:v libx264 -profile:v high -bf 2 -crf 34 -pix_fmt yuv420p {AAC} {FASTSTART}",
    ),
    film(
        "film-odd-444.mp4",
        "odd sides, colours at full resolution",
        "encode: even sides, 4:2:0",
        f"-c:v libx264 -profile:v high444 -crf 34 -pix_fmt yuv444p -vf scale=161:121,setsar=1 {AAC}",
        f"-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 {VOICE}",
    ),
    film(
        "film-hevc.mp4",
        "a phone's film in HEVC",
        "encode: H.264",
        f"-c:v libx265 -crf 34 -tag:v hvc1 -pix_fmt yuv420p -x265-params log-level=error {AAC}",
    ),
    film(
        "film-rotated.mov",
        "a phone's film, held upright: HEVC, stored on its side",
        "encode: upright",
        "-c copy -tag:v hvc1",
        "-display_rotation:v:0 -90 -i film-hevc.mp4",
    ),
    film(
        "film-hdr10.mp4",
        "high dynamic range (PQ, BT.2020)",
        "encode: standard range",
        f"{X265} {LIGHT}=smpte2084 {AAC}",
    ),
    film(
        "film-hlg.mov",
        "high dynamic range (HLG, BT.2020)",
        "encode: standard range",
        f"{X265} {LIGHT}=arib-std-b67 {AAC}",
    ),
    film("film-av1.mp4", "a film from the web in AV1", "encode: H.264", f"-c:v libsvtav1 -preset 10 -crf 50 {AAC}"),
    film(
        "film-vp9-opus.webm",
        "a browser's film",
        "encode: H.264",
        "-c:v libvpx-vp9 -crf 45 -b:v 0 -cpu-used 8 -c:a libopus -b:a 24k",
    ),
    film(
        "film-alpha.webm",
        "a film on nothing",
        "encode",
        "-an -c:v libvpx-vp9 -crf 45 -b:v 0 -cpu-used 8 -pix_fmt yuva420p -auto-alt-ref 0",
        ON_NOTHING,
    ),
    film(
        "film-variable-rate.mp4",
        "30 pictures a second, then 10",
        "pass: in its own time",
        f"{MAIN} {AAC} {FASTSTART} -fps_mode vfr -video_track_timescale 90000",
        f"{UNEVEN} {VOICE}",
    ),
    film(
        "film-interlaced.ts",
        "television: interlaced MPEG-2",
        "encode: progressive H.264",
        "-vf tinterlace=interleave_top,fieldorder=tff -flags +ilme+ildct -c:v mpeg2video -pix_fmt yuv420p -q:v 28 "
        "-c:a mp2 -b:a 64k",
        f"-f lavfi -i testsrc2=size=240x136:rate=50:duration=1 {VOICE}",
    ),
    film(
        "film-dvd.mpg",
        "a disc's programme stream, sides not square",
        "encode: square pixels",
        "-c:v mpeg2video -q:v 28 -aspect 16:9 -c:a mp2 -b:a 64k -f vob",
        f"-f lavfi -i testsrc2=size=352x288:rate=25:duration=1 {VOICE}",
    ),
    film(
        "film-old-phone.3gp",
        "H.263 and AMR",
        "encode: H.264 and AAC",
        "-s 176x144 -c:v h263 -q:v 28 -r 15 -c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12.2k",
    ),
    film(
        "film-mpeg4-mp3.avi",
        "MPEG-4 part 2 and MP3",
        "encode: H.264 and AAC",
        "-c:v mpeg4 -q:v 28 -c:a libmp3lame -b:a 48k",
    ),
    film(
        "film-mjpeg.avi",
        "a camera's Motion JPEG",
        "encode: H.264",
        "-c:v mjpeg -q:v 28 -pix_fmt yuvj420p -c:a pcm_u8 -ar 8000",
        f"-f lavfi -i testsrc2=size=160x120:rate=12:duration=1 {VOICE}",
    ),
    film("film.wmv", "Windows Media", "encode: H.264 and AAC", "-c:v wmv2 -q:v 28 -c:a wmav2 -b:a 48k"),
    film("film.flv", "Flash", "encode: H.264 and AAC", "-c:v flv -q:v 28 -c:a libmp3lame -ar 22050 -b:a 48k"),
    film(
        "film.mxf",
        "a broadcaster's film",
        "encode: H.264 and AAC",
        "-c:v mpeg2video -q:v 28 -c:a pcm_s16le -ar 48000 -t 0.6",
    ),
    film(
        "film.h264",
        "a surveillance camera's stream: no container, no times, no sound",
        "encode: as fast as the stream says, else 25 pictures a second",
        f"-an {MAIN} -bsf:v filter_units=remove_types=6 -f h264",
        "-f lavfi -i testsrc2=size=240x136:rate=25:duration=1",
    ),
    film(
        "film.dv",
        "a camcorder's tape",
        "encode: square pixels",
        "-c:v dvvideo -pix_fmt yuv411p -c:a pcm_s16le -ar 48000 -ac 2 -t 0.1",
        f"-f lavfi -i testsrc2=size=720x480:rate=30000/1001:duration=1 {VOICE}",
    ),
    film("film-silent.mp4", "a film without sound", "pass", f"-an {MAIN} {FASTSTART}", PICTURE),
    Sample(
        "film-surround-subtitles.mkv",
        "AC-3 in 5.1 first, then the sound that is meant (AAC, default), and subtitles",
        "ffmpeg, three inputs and a list of subtitles",
        "remux: the default sound, no subtitles",
        surround,
    ),
    film("sound-only.mp4", "an MP4 with nothing to see", "pass", f"{AAC} {FASTSTART}", VOICE),
    sound("memo-ready.m4a", "a sound that complies", "pass", f"{AAC} {FASTSTART} -f ipod"),
    sound(
        "memo-ready.ogg",
        "Opus in Ogg, mono: a sound that complies, and a voice note",
        "pass",
        "-c:a libopus -b:a 16k -ac 1 -application voip",
    ),
    sound("memo-ready.amr", "an old phone's memo", "pass", "-c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12.2k"),
    sound("memo.aac", "AAC without a container", "pass", "-c:a aac -b:a 48k"),
    sound("memo-recording.webm", "a browser's recording: Opus, mono", "remux", "-c:a libopus -b:a 16k -ac 1"),
    sound(
        "memo-stereo-opus.ogg", "Opus with two channels", "encode: one channel, or AAC", "-c:a libopus -b:a 32k", MUSIC
    ),
    sound("memo-vorbis.ogg", "Vorbis in Ogg", "encode", "-c:a libvorbis -q:a 0"),
    sound("memo-alac.m4a", "Apple Lossless", "encode", "-c:a alac -ar 8000 -f ipod"),
    sound("memo.caf", "Apple's older container", "encode", "-c:a pcm_s16be -ar 8000"),
    sound("memo.wav", "sound without compression", "encode", "-c:a pcm_s16le -ar 8000"),
    sound("memo.aiff", "sound without compression", "encode", "-c:a pcm_s16be -ar 8000"),
    Sample("memo.gsm", "a telephone exchange's memo", "the script", "encode", written(hand_made.gsm)),
    sound("memo.flac", "lossless sound", "encode", "-c:a flac -ar 8000"),
    sound("memo.wma", "Windows Media sound", "encode", "-c:a wmav2 -b:a 32k"),
    Sample(
        "song-cover.mp3",
        "a song with its cover and tags",
        "ffmpeg (LAME), cover by Pillow",
        "remux: the sound alone",
        song,
    ),
    Sample("letter.pdf", "a page", "the script", "pass", pdf),
    Sample("letter.docx", "a page for an office program", "the script", "pass", docx),
    Sample("notes.txt", "a text", "the script", "pass", text),
)

README = "README.md"


def readme() -> str:
    """The page that stands beside the samples."""
    rows = "".join(f"| `{s.name}` | {s.what} | {s.how.replace('|', chr(92) + '|')} | {s.does} |\n" for s in SAMPLES)
    return (
        "# Samples\n\n"
        "Tiny media, one purpose each: drawings and tones, nobody's pictures, voices or places.\n"
        "Made by `tests/make_samples.py` (`python -m tests.make_samples samples`), which writes this page as well.\n"
        "The last column begins with the action that `mediaprep plan` names with the profile `whatsapp`.\n\n"
        "| file | what it is | how it was made | what mediaprep does |\n|---|---|---|---|\n" + rows
    )


def make_all(folder: Path) -> None:
    """Every sample, and the page about them."""
    folder.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        sample.make(folder / sample.name)
    (folder / README).write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
