"""The real ffmpeg, and stand-ins that end as a tool ends when things go wrong."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest

from mediaprep.errors import DiskFull, TimeLimit, ToolCrashed, ToolError, ToolMissing
from mediaprep.media import Media
from mediaprep.running import sandbox, tools
from tests.processes import PATIENCE, running, soon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUIET = ["-hide_banner", "-nostdin", "-y", "-v", "error"]


def film(seconds: float, *options: str, size: str = "320x240") -> list[str]:
    return [*QUIET, "-f", "lavfi", "-i", f"testsrc=d={seconds}:s={size}", "-c:v", "libx264", *options]


def endless(mark: str = "") -> list[str]:
    """A film without end, in real time, with `mark` on the command line; what to make of it is left to say."""
    return [*QUIET, "-re", "-f", "lavfi", "-i", "testsrc", "-metadata", f"comment={mark}", "-f"]


NOWHERE = ["null", "-"]
RAW = ["rawvideo", "pipe:1"]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Makes `tools` use a shell script in place of ffmpeg."""

    def use(script: str) -> None:
        program = tmp_path / "stand-in"
        program.write_text(f'#!/bin/sh\n[ "$1" = -version ] && echo "ffmpeg version 0 by hand" && exit\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("MEDIAPREP_FFMPEG", str(program))
        tools.ffmpeg.cache_clear()

    yield use
    tools.ffmpeg.cache_clear()


def test_finds_ffmpeg_and_what_it_can_do() -> None:
    assert os.access(tools.ffmpeg().path, os.X_OK)
    assert tools.ffmpeg().version
    assert {"libx264", "aac", "libopus", "zscale", "tonemap", "bwdif", "loudnorm", "silenceremove"} <= tools.features()
    assert not {"=", "Video", "Audio"} & tools.features()


def test_a_named_ffmpeg_is_taken_or_missed(stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in("exit 0")
    assert tools.ffmpeg().version == "0"
    monkeypatch.setenv("MEDIAPREP_FFMPEG", "/nonexistent/ffmpeg")
    tools.ffmpeg.cache_clear()
    with pytest.raises(ToolMissing, match=r"MEDIAPREP_FFMPEG: /nonexistent/ffmpeg.*mediaprep doctor"):
        tools.ffmpeg()


def test_arguments_follow_from_the_graph() -> None:
    node = tools.source(Media(name="a", size=1, mime="video/mp4", kind="video", demuxer="mov"), ss=2)
    arguments = tools.arguments(node["v:0"].hflip().output("output.mp4", vcodec="libx264", map_metadata=-1))
    assert arguments[: len(QUIET)] == QUIET
    options = dict(itertools.pairwise(arguments))
    assert options["-i"] == "file:input"
    assert options["-f"] == options["-format_whitelist"] == "mov"
    assert options["-protocol_whitelist"] == "file"
    assert options["-ss"] == "2"
    assert arguments.index("-codec_whitelist") < arguments.index("-i") < arguments.index("-map")
    assert arguments[-1] == "output.mp4"


def test_a_staged_source_opens_as_what_it_is(tmp_path: Path) -> None:
    tools.run(film(0.4, "-f", "mov", "input"), folder=tmp_path, seconds=PATIENCE)
    media = Media(name="a.mov", size=1, mime="video/quicktime", kind="video", demuxer="mov")
    node = tools.source(media)["v:0"].output("output.mp4", vcodec="copy")
    tools.run(tools.arguments(node), folder=tmp_path, seconds=PATIENCE)
    with av.open(str(tmp_path / "output.mp4")) as made:
        assert made.streams.video[0].frames == 10


def test_another_container_than_the_sniffed_one_is_refused(tmp_path: Path) -> None:
    tools.run(film(0.2, "-f", "avi", "secret"), folder=tmp_path, seconds=PATIENCE)
    (tmp_path / "input").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret\n#EXT-X-ENDLIST\n")
    media = Media(name="a.mp4", size=1, mime="video/mp4", kind="video", demuxer="mov")
    node = tools.source(media)["v:0"].output("output.mp4", vcodec="copy")
    with pytest.raises(ToolError, match="Invalid data"):
        tools.run(tools.arguments(node), folder=tmp_path, seconds=PATIENCE)


def test_tells_how_it_went_and_how_far(tmp_path: Path) -> None:
    shares: list[float] = []
    finished = tools.run(
        film(3, "output.mp4", size="1280x720"), folder=tmp_path, seconds=PATIENCE, duration=3, progress=shares.append
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert all(0 <= share <= 1 for share in shares)
    assert finished.level == sandbox.level()
    assert finished.last_words == ""
    assert finished.seconds > 0
    assert finished.cpu > 0.2, "the processor time of the tool itself, not of what wraps it"


def test_what_hears_of_progress_may_stop_it(tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    mark = str(tmp_path / "mark")
    with pytest.raises(KeyboardInterrupt):
        tools.run(endless(mark) + NOWHERE, folder=tmp_path, seconds=PATIENCE, duration=100, progress=stop)
    assert soon(lambda: not running(mark))


def test_last_words_are_ffmpegs_own(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"no film")
    with pytest.raises(ToolError) as caught:
        tools.run([*QUIET, "-f", "mov", "-i", "file:input", "o.mp4"], folder=tmp_path, seconds=PATIENCE)
    sentence = str(caught.value)
    assert sentence.endswith("Error opening input: Invalid data found when processing input")
    assert "0x" not in sentence
    with pytest.raises(ToolError, match="No such filter: 'nonsense'"):
        tools.run(film(1, "-vf", "nonsense", "o.mp4"), folder=tmp_path, seconds=PATIENCE)


def test_last_words_are_cleaned() -> None:
    said = (
        b"[mov,mp4 @ 0x55f1] one\x1b[31m\n[a @ 0x1] [enc:b @ 0x2] two\r\ntwo\n[c#0:0] \xff three\nConversion failed!\n"
    )
    assert tools.last_words(said) == "one [31m; two; [c#0:0] � three"
    assert tools.last_words(b"[hevc @ 0xa] Codec (hevc) not on whitelist 'h264,aac'") == "Codec (hevc) is not allowed"
    assert tools.last_words(b"") == ""
    assert len(tools.last_words(b"so much " * 500)) == 300


def test_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TimeLimit, match=r"limit of 0\.5 s"):
        tools.run(endless() + NOWHERE, folder=tmp_path, seconds=0.5)


def test_an_output_past_its_ceiling_is_stopped(tmp_path: Path) -> None:
    arguments = film(60, "-qp", "0", "-preset", "ultrafast", "output.mp4", size="1280x720")
    with pytest.raises(tools.Overshoot) as caught:
        tools.run(arguments, folder=tmp_path, seconds=PATIENCE, ceiling=("output.mp4", 300_000))
    assert caught.value.reached == 300_001
    assert pickle.loads(pickle.dumps(caught.value)).reached == 300_001


def test_an_output_of_just_its_ceiling_is_none_too_big(tmp_path: Path) -> None:
    arguments = film(0.5, "-fflags", "+bitexact", "-movflags", "+faststart", "output.mp4")
    tools.run(arguments, folder=tmp_path, seconds=PATIENCE)
    whole = (tmp_path / "output.mp4").read_bytes()
    tools.run(arguments, folder=tmp_path, seconds=PATIENCE, ceiling=("output.mp4", len(whole)))
    assert (tmp_path / "output.mp4").read_bytes() == whole
    with pytest.raises(tools.Overshoot):
        tools.run(arguments, folder=tmp_path, seconds=PATIENCE, ceiling=("output.mp4", len(whole) - 1))


@pytest.mark.parametrize("code", [0, 228])
def test_a_full_disk_is_told_whatever_the_exit_code(code: int, stand_in: Callable[[str], None], tmp_path: Path) -> None:
    """ffmpeg ends with 0 when the disk fills while it closes a small file."""
    noise = "for i in 1 2 3 4 5 6 7 8 9; do printf '%01000d\\n' $i; done >&2"
    stand_in(f"echo '[out#0 @ 0x5] Error closing file: No space left on device' >&2; {noise}; exit {code}")
    with pytest.raises(DiskFull, match="free some"):
        tools.run(["output.mp4"], folder=tmp_path, seconds=PATIENCE)


def test_a_crash_is_told(stand_in: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "level", lambda: "limits")
    stand_in("kill -SEGV $$")
    with pytest.raises(ToolCrashed, match="SIGSEGV"):
        tools.run([], folder=tmp_path, seconds=PATIENCE)


def test_any_amount_of_words_is_kept_short(stand_in: Callable[[str], None], tmp_path: Path) -> None:
    stand_in("yes 'some words' 2>/dev/null | head -c 22000000 >&2; echo the end >&2; exit 3")
    with pytest.raises(ToolError, match=r"some words; the end$"):
        tools.run([], folder=tmp_path, seconds=PATIENCE)


def test_the_environment_and_the_input_are_empty(
    stand_in: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WASSENGER_TOKEN", "secret")
    stand_in("""[ "$(env | grep -v -c '^PWD=\\|^LC_ALL=\\|^MALLOC_')" = 0 ] && [ -z "$(cat)" ] || exit 7""")
    tools.run([], folder=tmp_path, seconds=PATIENCE)


def test_streams_in_whole_blocks(tmp_path: Path) -> None:
    picture = 320 * 240 * 3
    arguments = film(1)[:-2]
    blocks = [
        *tools.stream(
            [*arguments, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
            folder=tmp_path,
            seconds=PATIENCE,
            block=picture,
        )
    ]
    assert [len(block) for block in blocks] == [picture] * 25
    tone = [*QUIET, "-f", "lavfi", "-i", "sine=d=1:r=8000", "-f", "s16le", "pipe:1"]
    assert [len(block) for block in tools.stream(tone, folder=tmp_path, seconds=PATIENCE, block=6000)] == [
        6000,
        6000,
        4000,
    ]


def test_a_stream_that_ends_badly_raises(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such filter"):
        list(tools.stream(film(1, "-vf", "nonsense", "-f", "rawvideo", "pipe:1"), folder=tmp_path, seconds=PATIENCE))
    with pytest.raises(TimeLimit):
        list(tools.stream(endless() + RAW, folder=tmp_path, seconds=0.5))


def test_closing_a_stream_ends_it(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    blocks = tools.stream(endless(mark) + RAW, folder=tmp_path, seconds=PATIENCE)
    next(blocks)
    assert soon(lambda: running(mark))
    blocks.close()  # type: ignore[attr-defined]
    assert soon(lambda: not running(mark))


@pytest.mark.parametrize("level", sandbox.levels())
def test_dies_with_its_parent(level: str, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    script = (
        "import sys; from pathlib import Path; from mediaprep.running import sandbox, tools\n"
        "sandbox.level = lambda: sys.argv[1]\n"
        "tools.run(sys.argv[3:], folder=Path(sys.argv[2]), seconds=1000)"
    )
    with subprocess.Popen([sys.executable, "-c", script, level, tmp_path, *endless(mark), *NOWHERE]) as parent:
        assert soon(lambda: running(mark))
        parent.send_signal(signal.SIGKILL)
    assert soon(lambda: not running(mark))


def test_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    tools.run(film(0.1, "o.mp4"), folder=tmp_path, seconds=PATIENCE)
    before = descriptors()
    tools.run(film(0.1, "o.mp4"), folder=tmp_path, seconds=PATIENCE)
    with pytest.raises(TimeLimit):
        tools.run(endless() + NOWHERE, folder=tmp_path, seconds=0.2)
    next(tools.stream(endless() + RAW, folder=tmp_path, seconds=PATIENCE))
    assert descriptors() == before
