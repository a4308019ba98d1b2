"""Every format that mediaprep knows: one row each. Pure, and light: it is loaded whenever the command starts.

A format that ffmpeg or Pillow reads is added by a row here and a file in `samples/`. Whoever asks what holds for a
format (sniffing, readers, allow-lists, suffixes, what may be copied) looks here. What a row cannot say is code beside
the reader that needs it; signatures that have to be read further are in `reading/sniff.py` and `reading/headers.py`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Medium = Literal["image", "video", "audio", "document"]


class Container(Struct, frozen=True):
    """What holds for everything that one ffmpeg demuxer reads.

    `demuxer`: ffmpeg's name, to force with `-f`. `timed`: each packet says when it is shown, so packets can be copied.
    `exact`: so reliably that a sound can be copied beside a picture that is encoded. `clock`: a gap between packets is
    silence that was meant. `counted`: packets only say how long they last. `vague`: packets only say when they begin.
    `tagged`: our own reading covers its tags. `promises`: the header tells the length, and a file that is shorter by so
    many seconds is truncated; None where it tells nothing.
    """

    demuxer: str = ""
    timed: bool = False
    exact: bool = False
    clock: bool = False
    counted: bool = False
    vague: bool = False
    tagged: bool = False
    promises: float | None = None


class Format(Struct, frozen=True):
    """One format.

    `suffixes`: separated by blanks, the first is written. `starts`: first bytes, `?` stands for any byte. `container`:
    how ffmpeg reads it. `pillow`: the one Pillow format that may open it. `second`: the demuxer for files that Pillow
    refuses and ffmpeg reads. `brands`: major brands in the MP4 family. `sound`: the type of such a file without a video
    stream. `words`, `markup`: for text, a regular expression for its beginning, and tags it contains, in lower case.
    `moves`: Pillow gives the frames of an animation. `lossless`: no lossy coding exists for it. `medium`: where the
    MIME type does not say. `output`: whether an encoder makes this type, or only copies files that have it.
    """

    mime: str
    suffixes: str = ""
    starts: tuple[bytes, ...] = ()
    container: Container = Container()
    pillow: str = ""
    second: str = ""
    brands: tuple[bytes, ...] = ()
    sound: str = ""
    words: str = ""
    markup: tuple[str, ...] = ()
    moves: bool = False
    lossless: bool = False
    medium: Medium | None = None
    output: Literal["", "made", "copied"] = ""

    @property
    def kind(self) -> Medium:
        """What a file of this type is to a person, as far as the type alone tells."""
        families: dict[str, Medium] = {"image": "image", "video": "video", "audio": "audio"}
        return self.medium or families.get(self.mime.partition("/")[0], "document")

    @property
    def readable(self) -> bool:
        """Whether a reader opens it; other files are passed on as documents."""
        return bool(self.pillow or self.container.demuxer)

    @property
    def text(self) -> bool:
        """Whether files of this type are written in words: text, markup, scripts, playlists."""
        return self.mime.startswith("text/") or bool(self.words or self.markup)


MOV = Container("mov", timed=True, exact=True, clock=True, tagged=True)
MATROSKA = Container("matroska", timed=True, exact=True, clock=True, promises=1.0)
FLV = Container("flv", timed=True, exact=True, clock=True)
MPEGTS = Container("mpegts", timed=True, clock=True)
AVI = Container("avi", timed=True, clock=True, promises=1.0)
ASF = Container("asf", clock=True, vague=True)
OGG = Container("ogg", tagged=True)
MXF = Container("mxf", promises=0.1)
DV = Container("dv")
AMR = Container("amr")

_OFFICE = "application/vnd.openxmlformats-officedocument."
_MACROS = ".macroEnabled.12"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\3\4", b"PK\5\6")
_ICON, _MXF_HEADER = b"\0\0\1\0", b"\x06\x0e+4\2\5\1\1\x0d\1\2\1\1\2"
_GUID_OF_ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
_BITMAPS = tuple(b"BM????????????" + bytes([size, 0, 0, 0]) for size in (12, 16, 40, 52, 56, 64, 108, 124))
_WAVES = (b"RIFF????WAVE", b"RF64????WAVE", b"RIFX????WAVE")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2")
_MP4_BOXES = (b"????ftyp", b"????styp", b"????moof", b"????sidx")
_MOV_BOXES = (b"????moov", b"????mdat", b"????wide", b"????pnot", b"????skip", b"????free")

# fmt: off
_ROWS = (
    # Pictures
    Format("image/jpeg", ".jpg .jpeg .jpe .jfif .mpo", (b"\xff\xd8\xff",), pillow="JPEG", output="made"),
    Format("image/png", ".png .apng", (b"\x89PNG\r\n\x1a\n",), pillow="PNG", moves=True, output="made"),
    Format("image/gif", ".gif", (b"GIF87a", b"GIF89a"), pillow="GIF", moves=True),
    Format("image/webp", ".webp", (b"RIFF????WEBP",), pillow="WEBP", moves=True, output="made"),
    Format("image/avif", ".avif .avifs", pillow="AVIF", second="mov", moves=True, brands=(b"avif", b"avis")),
    Format("image/heic", ".heic .heif .heics .hif", pillow="HEIF", second="mov", brands=_HEIC),
    Format("image/tiff", ".tif .tiff", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), pillow="TIFF"),
    Format("image/bmp", ".bmp .dib", _BITMAPS, pillow="BMP", second="bmp_pipe", lossless=True),
    Format("image/jp2", ".jp2 .j2k .jpf .jpx .j2c .jpc", (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"),
           pillow="JPEG2000"),
    Format("image/vnd.microsoft.icon", ".ico", (_ICON,), pillow="ICO", lossless=True),
    Format("image/vnd.adobe.photoshop", ".psd", (b"8BPS\0\1",), pillow="PSD", lossless=True),
    Format("image/x-portable-bitmap", ".pbm .pnm", (b"P1", b"P4"), pillow="PPM", lossless=True),
    Format("image/x-portable-graymap", ".pgm .pnm", (b"P2", b"P5"), pillow="PPM", lossless=True),
    Format("image/x-portable-pixmap", ".ppm .pnm", (b"P3", b"P6"), pillow="PPM", lossless=True),
    Format("image/x-sgi", ".sgi .rgb .rgba .bw", (b"\x01\xda",), pillow="SGI", lossless=True),
    Format("image/x-pcx", ".pcx", pillow="PCX", lossless=True),
    Format("image/x-tga", ".tga", pillow="TGA", lossless=True),

    # Pictures that are passed on as documents
    Format("image/jxl", ".jxl", (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")),
    Format("image/svg+xml", ".svg", markup=("<svg",)),
    Format("image/x-psb", ".psb .psd", (b"8BPS\0",)),
    Format("image/x-adobe-dng", ".dng"),
    Format("image/x-canon-cr2", ".cr2", (b"II*\0????CR", b"MM\0*????CR", b"II+\0????CR", b"MM\0+????CR")),
    Format("image/x-canon-cr3", ".cr3", brands=(b"crx ",)),

    # Films
    Format("video/mp4", ".mp4 .m4v .mp4v .f4v .insv .lrv", _MP4_BOXES, MOV, sound="audio/mp4", output="made"),
    Format("video/quicktime", ".mov .qt", _MOV_BOXES, MOV, brands=(b"qt  ",), sound="audio/mp4"),
    Format("video/3gpp", ".3gp .3gpp", container=MOV, sound="audio/3gpp"),
    Format("video/3gpp2", ".3g2", container=MOV, brands=(b"3g2a", b"3g2b", b"3g2c", b"KDDI"), sound="audio/3gpp2"),
    Format("video/x-m4v", ".m4v .mp4", container=MOV, brands=(b"M4V ", b"M4VH", b"M4VP"), sound="audio/mp4"),
    Format("video/webm", ".webm", container=MATROSKA, sound="audio/webm"),
    Format("video/x-matroska", ".mkv", (b"\x1a\x45\xdf\xa3",), MATROSKA, sound="audio/x-matroska"),
    Format("video/x-msvideo", ".avi .divx", (b"RIFF????AVI ",), AVI),
    Format("video/mp2t", ".ts .m2ts .mts .m2t", container=MPEGTS, sound="audio/mp2t"),
    Format("video/mpeg", ".mpg .mpeg .vob .m2p .ps", (b"\0\0\1\xba",), Container("mpeg", clock=True)),
    Format("video/x-ms-wmv", ".wmv .asf", container=ASF),
    Format("video/x-ms-asf", ".asf .wmv .wma", (_GUID_OF_ASF,), ASF, sound="audio/x-ms-wma"),
    Format("video/x-flv", ".flv", (b"FLV\x01",), FLV, sound="audio/x-flv"),
    Format("video/ogg", ".ogv .ogg .ogx", container=OGG, sound="audio/ogg"),
    Format("application/mxf", ".mxf", (_MXF_HEADER,), MXF, medium="video"),
    Format("video/x-dv", ".dv .dif", container=DV),
    Format("video/h264", ".h264 .264 .avc", container=Container("h264", counted=True)),

    # Sounds
    Format("audio/mpeg", ".mp3 .mp2 .mpga .mpa", container=Container("mp3", tagged=True), output="copied"),
    Format("audio/mp4", ".m4a .m4b .mp4 .m4r .f4a", container=MOV, output="made",
           brands=(b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ")),
    Format("audio/aac", ".aac .adts", container=Container("aac", tagged=True), output="copied"),
    Format("audio/amr", ".amr", (b"#!AMR\n",), AMR),
    Format("audio/amr-wb", ".awb .amr", (b"#!AMR-WB\n",), AMR),
    Format("audio/3gpp", ".3gp .3gpp .3ga", container=MOV),
    Format("audio/3gpp2", ".3g2", container=MOV),
    Format("audio/ogg", ".ogg .oga .opus .spx", (b"OggS",), OGG, output="made"),
    Format("audio/webm", ".webm .weba", container=MATROSKA),
    Format("audio/x-matroska", ".mka .mkv", container=MATROSKA),
    Format("audio/mp2t", ".ts .m2ts .mts", container=MPEGTS),
    Format("audio/flac", ".flac .fla", (b"fLaC",), Container("flac", promises=0.1)),
    Format("audio/wav", ".wav .wave .rf64 .bwf", _WAVES, Container("wav")),
    Format("audio/aiff", ".aiff .aif .aifc", (b"FORM????AIFF", b"FORM????AIFC"), Container("aiff", promises=0.1)),
    Format("audio/x-caf", ".caf", (b"caff\0\1",), Container("caf", promises=0.1)),
    Format("audio/x-ms-wma", ".wma .asf", container=ASF),
    Format("audio/x-flv", ".flv", container=FLV),
    Format("audio/basic", ".au .snd", (b".snd\0",), Container("au", promises=0.1)),
    Format("audio/ac3", ".ac3", container=Container("ac3")),
    Format("audio/eac3", ".eac3 .ec3", container=Container("eac3")),
    Format("audio/x-gsm", ".gsm", container=Container("gsm")),
    Format("audio/x-ape", ".ape", (b"MAC ",), Container("ape", promises=0.1)),
    Format("audio/x-musepack", ".mpc", (b"MPCK",), Container("mpc8", vague=True)),
    Format("audio/x-wavpack", ".wv", (b"wvpk",), Container("wv", promises=0.1)),
    Format("audio/vnd.rn-realaudio", ".ra .rm .rmvb", (b".RMF\0",), Container("rm")),
    Format("audio/midi", ".mid .midi"),

    # Documents
    Format("application/pdf", ".pdf", (b"%PDF-",), output="made"),
    Format(_OFFICE + "wordprocessingml.document", ".docx"),
    Format(_OFFICE + "spreadsheetml.sheet", ".xlsx"),
    Format(_OFFICE + "presentationml.presentation", ".pptx"),
    Format("application/vnd.ms-word.document" + _MACROS, ".docm"),
    Format("application/vnd.ms-excel.sheet" + _MACROS, ".xlsm"),
    Format("application/vnd.ms-powerpoint.presentation" + _MACROS, ".pptm"),
    Format("application/msword", ".doc .dot"),
    Format("application/vnd.ms-excel", ".xls .xlt"),
    Format("application/vnd.ms-powerpoint", ".ppt .pps"),
    Format("application/vnd.ms-outlook", ".msg"),
    Format("application/x-ole-storage", starts=(_OLE,)),
    Format("application/vnd.oasis.opendocument.text", ".odt"),
    Format("application/vnd.oasis.opendocument.spreadsheet", ".ods"),
    Format("application/vnd.oasis.opendocument.presentation", ".odp"),
    Format("application/epub+zip", ".epub"),
    Format("application/rtf", ".rtf", (b"{\\rtf",)),
    Format("application/postscript", ".eps .ps .ai", (b"%!PS", b"\xc5\xd0\xd3\xc6"), words="%!ps"),
    Format("application/zip", ".zip", _ZIP),
    Format("application/x-7z-compressed", ".7z", (b"7z\xbc\xaf\x27\x1c",)),
    Format("application/vnd.rar", ".rar", (b"Rar!\x1a\x07",)),
    Format("application/gzip", ".gz .tgz", (b"\x1f\x8b\x08",)),
    Format("application/vnd.android.package-archive", ".apk"),
    Format("application/java-archive", ".jar"),
    Format("application/json", ".json"),

    # Text. A playlist only names other files, and is no document that a person meant to send in their place.
    Format("text/plain", ".txt .text .log .md .csv .tsv .srt .ini .json .ics .m3u8 .py .yaml .yml .toml"),
    Format("text/csv", ".csv"),
    Format("text/html", ".html .htm", markup=("<!doctype html", "<html")),
    Format("text/xml", ".xml .svg .gpx .kml .mpd"),
    Format("text/vcard", ".vcf", words=r"begin:vcard"),
    Format("text/vtt", ".vtt", words=r"webvtt"),
    Format("text/calendar", ".ics"),
    Format("application/x-subrip", ".srt", words=r"\d+\s+\d+:\d\d:\d\d[,.]\d+ +-->"),
    Format("application/x-vobsub", ".idx", words=r"# vobsub index file"),
    Format("application/vnd.apple.mpegurl", ".m3u8 .m3u", words=r"#extm3u"),
    Format("application/x-ffconcat", words=r"ffconcat version"),
    Format("application/sdp", ".sdp", words=r"v=0\s+o="),
)
# fmt: on

FORMATS: dict[str, Format] = {row.mime: row for row in _ROWS}
"""MIME type -> its row. A type without a reader in its row never reaches a decoder."""


def of(mime: str) -> Format:
    """The row of a type; an empty one for a type that has none."""
    return FORMATS.get(mime, Format(mime))


def container(demuxer: str) -> Container:
    """What holds for the files that a demuxer reads; nothing for a demuxer that no row names."""
    found = (row.container for row in FORMATS.values() if row.container.demuxer == demuxer)
    return next(found, Container(demuxer))


def suffix_for(mime: str) -> str:
    """The usual suffix with its dot, such as `.jpg`; empty for a type that has none here."""
    return of(mime).suffixes.partition(" ")[0]


def mimes_for_suffix(suffix: str) -> frozenset[str]:
    """What a file whose name ends so may contain; empty for a suffix that says nothing."""
    wanted = suffix.lower()
    return frozenset(row.mime for row in FORMATS.values() if wanted and wanted in row.suffixes.split())


def promises_media(suffix: str) -> bool:
    """Whether a name that ends so is only ever that of a picture, a sound or a film."""
    mimes = mimes_for_suffix(suffix)
    return bool(mimes) and all(of(mime).kind != "document" for mime in mimes)
