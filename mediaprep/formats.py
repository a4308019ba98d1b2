"""Which suffixes go with which types. Pure."""

from __future__ import annotations

_OFFICE = "application/vnd.openxmlformats-officedocument."

# The first suffix of a type is the one we write; a suffix may belong to several types.
_SUFFIXES: dict[str, str] = {
    "image/jpeg": ".jpg .jpeg .jpe .jfif .mpo",
    "image/png": ".png .apng",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif .avifs",
    "image/heic": ".heic .heif .heics .hif",
    "image/tiff": ".tif .tiff",
    "image/bmp": ".bmp .dib",
    "image/jp2": ".jp2 .j2k .jpf .jpx .j2c .jpc",
    "image/jxl": ".jxl",
    "image/x-tga": ".tga",
    "image/svg+xml": ".svg",
    "image/vnd.adobe.photoshop": ".psd",
    "image/x-adobe-dng": ".dng",
    "image/x-canon-cr2": ".cr2",
    "image/x-canon-cr3": ".cr3",
    "video/mp4": ".mp4 .m4v .mp4v .f4v .insv .lrv",
    "video/quicktime": ".mov .qt",
    "video/3gpp": ".3gp .3gpp",
    "video/3gpp2": ".3g2",
    "video/x-m4v": ".m4v .mp4",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi .divx",
    "video/mp2t": ".ts .m2ts .mts .m2t",
    "video/mpeg": ".mpg .mpeg .vob .m2p .ps",
    "video/x-ms-wmv": ".wmv .asf",
    "video/x-ms-asf": ".asf .wmv .wma",
    "video/x-flv": ".flv",
    "video/ogg": ".ogv .ogg .ogx",
    "audio/mpeg": ".mp3 .mp2 .mpga .mpa",
    "audio/mp4": ".m4a .m4b .mp4 .m4r .f4a",
    "audio/aac": ".aac .adts",
    "audio/amr": ".amr",
    "audio/amr-wb": ".awb .amr",
    "audio/3gpp": ".3gp .3gpp .3ga",
    "audio/3gpp2": ".3g2",
    "audio/ogg": ".ogg .oga .opus .spx",
    "audio/webm": ".webm .weba",
    "audio/x-matroska": ".mka .mkv",
    "audio/mp2t": ".ts .m2ts .mts",
    "audio/flac": ".flac .fla",
    "audio/wav": ".wav .wave .rf64 .bwf",
    "audio/aiff": ".aiff .aif .aifc",
    "audio/x-caf": ".caf",
    "audio/x-ms-wma": ".wma .asf",
    "audio/x-flv": ".flv",
    "audio/basic": ".au .snd",
    "audio/ac3": ".ac3",
    "audio/eac3": ".eac3 .ec3",
    "audio/x-ape": ".ape",
    "audio/x-musepack": ".mpc",
    "audio/x-wavpack": ".wv",
    "audio/vnd.rn-realaudio": ".ra .rm .rmvb",
    "audio/midi": ".mid .midi",
    "application/pdf": ".pdf",
    _OFFICE + "wordprocessingml.document": ".docx",
    _OFFICE + "spreadsheetml.sheet": ".xlsx",
    _OFFICE + "presentationml.presentation": ".pptx",
    "application/vnd.ms-word.document.macroEnabled.12": ".docm",
    "application/vnd.ms-excel.sheet.macroEnabled.12": ".xlsm",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12": ".pptm",
    "application/msword": ".doc .dot",
    "application/vnd.ms-excel": ".xls .xlt",
    "application/vnd.ms-powerpoint": ".ppt .pps",
    "application/vnd.ms-outlook": ".msg",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/epub+zip": ".epub",
    "application/rtf": ".rtf",
    "application/postscript": ".eps .ps .ai",
    "application/zip": ".zip",
    "application/x-7z-compressed": ".7z",
    "application/vnd.rar": ".rar",
    "application/gzip": ".gz .tgz",
    "application/vnd.android.package-archive": ".apk",
    "application/java-archive": ".jar",
    "application/json": ".json",
    "text/plain": ".txt .text .log .md .csv .tsv .srt .ini .json .ics .m3u8 .py .yaml .yml .toml",
    "text/csv": ".csv",
    "text/html": ".html .htm",
    "text/xml": ".xml .svg .gpx .kml .mpd",
    "text/vcard": ".vcf",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/x-vobsub": ".idx",
    "application/vnd.apple.mpegurl": ".m3u8 .m3u",
    "application/sdp": ".sdp",
    "text/calendar": ".ics",
}


def suffix_for(mime: str) -> str:
    """The usual suffix with its dot, such as `.jpg`; empty for a type that has none here."""
    return _SUFFIXES.get(mime, "").partition(" ")[0]


def mimes_for_suffix(suffix: str) -> frozenset[str]:
    """What a file whose name ends so may contain; empty for a suffix that says nothing."""
    wanted = suffix.lower()
    return frozenset(mime for mime, suffixes in _SUFFIXES.items() if wanted and wanted in suffixes.split())


def promises_media(suffix: str) -> bool:
    """Whether a name that ends so is only ever that of a picture, a sound or a film."""
    mimes = mimes_for_suffix(suffix)
    return bool(mimes) and all(mime.startswith(("image/", "audio/", "video/")) for mime in mimes)
