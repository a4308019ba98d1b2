"""What may be opened: the allow-lists that every reader and every tool is started with. Pure.

The protocol list alone stops nothing: an HLS playlist named `.mp4` still reads another local file. Forcing the
sniffed demuxer and listing it alone does (measured with 45 reference attacks). The list of decoders is the largest
surface of all: only what a phone, a browser, a camera or a desktop writes is on it. Demuxers are in `formats`.
"""

from __future__ import annotations

from mediaprep.containers.structure import MAX_FRAME_PIXELS, MAX_STREAMS

_PICTURE_DECODERS = (
    "h264", "hevc", "libdav1d", "av1", "vp8", "vp9", "libvpx", "libvpx-vp9", "theora",
    "mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "h263", "h263i", "h263p", "flv", "vp6", "vp6a", "vp6f",
    "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1",
    "mjpeg", "dvvideo", "prores", "dnxhd", "cfhd", "aic", "qtrle", "ffv1", "png", "bmp", "gif", "rawvideo",
)  # fmt: skip

_SOUND_DECODERS = (
    "aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "mp1float", "mp1", "opus", "libopus", "vorbis",
    "libvorbis", "flac", "alac", "ac3", "eac3", "dca", "truehd", "mlp", "speex", "amrnb", "libopencore_amrnb",
    "amrwb", "libopencore_amrwb", "qcelp", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "ape", "mpc8",
    "wavpack", "cook", "nellymoser", "gsm", "gsm_ms", "g722",
    "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_swf", "adpcm_yamaha",
    "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le",
    "pcm_s16be", "pcm_s16be_planar", "pcm_s16le", "pcm_s16le_planar", "pcm_s24be", "pcm_s24le", "pcm_s24le_planar",
    "pcm_s32be", "pcm_s32le", "pcm_s32le_planar", "pcm_s64be", "pcm_s64le", "pcm_s8", "pcm_s8_planar",
    "pcm_u16be", "pcm_u16le", "pcm_u24be", "pcm_u24le", "pcm_u32be", "pcm_u32le", "pcm_u8",
)  # fmt: skip

# Never decoded, but ffmpeg and ffprobe give up on a whole file when one stream's decoder is not listed.
_TEXT_DECODERS = ("ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text")

CODECS: tuple[str, ...] = _PICTURE_DECODERS + _SOUND_DECODERS + _TEXT_DECODERS
"""The decoders that may run, by ffmpeg's decoder names."""


def input_options(demuxer: str) -> dict[str, str]:
    """The options that go before `-i`, by ffmpeg's names and without the dash."""
    return {
        "f": demuxer,
        "format_whitelist": demuxer,
        "codec_whitelist": ",".join(CODECS),
        "protocol_whitelist": "file",
        "max_streams": str(MAX_STREAMS),
        "max_pixels": str(MAX_FRAME_PIXELS),
    }
