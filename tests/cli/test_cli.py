"""The commands as a user types them: exit codes, JSON on stdout, people on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from mediaprep.planning.profiles import SHIPPED
from mediaprep.rules import GROUPS, MANUAL, RENAMED
from tests.processes import PATIENCE, soon

SAMPLES = Path(__file__).parents[2] / "samples"


def mediaprep(*arguments: object, **extra: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mediaprep", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **extra)  # type: ignore[call-overload, no-any-return]


def test_check_says_what_is_wrong_and_exits_with_1() -> None:
    done = mediaprep("check", SAMPLES / "photo-gps.jpg")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "MP401" in done.stderr and "location" in done.stderr


def test_check_of_what_complies_exits_with_0() -> None:
    assert mediaprep("check", SAMPLES / "photo-ready.jpg").returncode == 0


def test_json_is_one_record_a_line_and_nothing_else(tmp_path: Path) -> None:
    done = mediaprep("convert", SAMPLES / "photo.bmp", SAMPLES / "memo.wav", "--into", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert {record["status"] for record in records} == {"ready"}
    assert all(Path(record["path"]).stat().st_size == record["bytes"] for record in records)


def test_records_that_cannot_be_written_are_one_sentence() -> None:
    for where in ("> /dev/full", ">&-"):
        command = f'"{sys.executable}" -m mediaprep check "{SAMPLES / "photo-ready.jpg"}" --json {where}'
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=PATIENCE)
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 1
        assert done.returncode == (1 if "full" in where else 0)


def test_check_and_plan_write_the_same_record_without_path() -> None:
    for command in ("check", "plan"):
        record = json.loads(mediaprep(command, SAMPLES / "film.mov", "--json").stdout)
        assert "path" not in record
        assert (record["status"], record["action"], record["target"]) == ("needs-work", "remux", "video")


def test_plan_says_why_and_touches_nothing(tmp_path: Path) -> None:
    copy(SAMPLES / "film-hevc.mp4", tmp_path)
    done = mediaprep("plan", "film-hevc.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert "video codec is hevc; accepted: h264" in done.stderr and "would become video/mp4" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["film-hevc.mp4"]


def test_a_bad_file_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    done = mediaprep("convert", tmp_path / "empty.mp4", tmp_path / "nothing.jpg", "--into", tmp_path / "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "empty" in done.stderr and "no such file" in done.stderr and "2 failed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "x.jpg", "--profile", "whatsap"], 'did you mean "whatsapp"'),
        (["check", "x.jpg", "--as", "stiker"], 'did you mean "sticker"'),
        (["check", "x.jpg", "--as", "sticker", "--profile", "wassenger"], "no target"),
        (["convert", "x.jpg"], "--into"),
        (["convert", "x.jpg", "--into", "out", "--background", "red"], "#RRGGBB"),
        (["check", "--nonsense"], "nonsense"),
        (["explain", "MP30"], "unknown rule"),
        (["check", "x.jpg", "--profile", "broken.toml"], "max_byte"),
        (["convert", "x.jpg", "--into", "out", "--report", "nowhere/report.html"], "folder does not exist"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text('[image]\nmime = ["image/jpeg"]\nmax_byte = "5 MB"\n')
    done = mediaprep(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_missing_tool_is_exit_code_3(tmp_path: Path) -> None:
    environment = {**os.environ, "MEDIAPREP_FFMPEG": str(tmp_path / "no-ffmpeg")}
    done = mediaprep("convert", SAMPLES / "memo.wav", "--into", tmp_path, env=environment)
    assert done.returncode == 3
    assert "doctor" in done.stderr and "Traceback" not in done.stderr
    assert mediaprep("doctor", env=environment).returncode == 3


def test_an_interrupt_is_exit_code_130_and_leaves_nothing_half(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mediaprep", "convert", str(SAMPLES), "--into", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert soon(lambda: list((tmp_path / "out").glob("[!.]*")))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in said and "interrupted" in said
    assert not list((tmp_path / "out").glob(".*"))


def test_a_request_to_end_is_like_an_interrupt(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mediaprep", "convert", str(SAMPLES), "--into", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert soon(lambda: list((tmp_path / "out").glob("[!.]*")))
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "interrupted" in said) == (130, True)
    assert not list((tmp_path / "out").glob(".*"))


def test_profiles_lists_them_and_shows_one_with_sources() -> None:
    listed = mediaprep("profiles").stdout
    assert [line.split()[0] for line in listed.splitlines()] == [*SHIPPED]
    shown = mediaprep("profiles", "engagelab").stdout
    assert "max_bytes = 5,000,000 bytes" in shown and "2026-" in shown and "alpha = no" in shown


@pytest.mark.parametrize(
    ("number", "words"),
    [("131053", "WhatsApp 131053: Meta could not take the media in"), ("3002", "EngageLab 3002: a field of the")],
)
def test_explain_knows_the_platforms_errors(number: str, words: str) -> None:
    done = mediaprep("explain", number)
    assert done.returncode == 0 and done.stdout.startswith(words)
    assert mediaprep("explain", "999999").returncode == 2


def test_explain_without_a_code_lists_every_rule_in_its_group() -> None:
    done = mediaprep("explain")
    assert done.returncode == 0
    blocks = [block.splitlines() for block in done.stdout.split("\n\n")]
    assert [head[:5] for head, *_ in blocks[:-1]] == [f"{group}xx" for group in GROUPS]
    rows = [row.split(maxsplit=3) for head, *lines in blocks[:-1] for row in lines if row.split()[0][:3] == head[:3]]
    assert [row[:3] for row in rows] == [[code, MANUAL[code].name, MANUAL[code].level] for code in sorted(MANUAL)]
    assert all(len(row[3]) > 10 for row in rows)


def test_explain_knows_the_names_that_rules_had() -> None:
    for old, new in RENAMED.items():
        assert new in {rule.name for rule in MANUAL.values()} and old not in {rule.name for rule in MANUAL.values()}
        assert mediaprep("explain", old).stdout == mediaprep("explain", new).stdout != ""


def test_explain_is_a_manual_page() -> None:
    done = mediaprep("explain", "mp304")
    assert done.returncode == 0
    assert "MP304 high-profile-b-frames" in done.stdout and "Source:" in done.stdout
    assert mediaprep("explain", "high-profile-b-frames").stdout == done.stdout


def test_doctor_says_what_was_found() -> None:
    done = mediaprep("doctor")
    assert done.returncode == 0
    for word in ("ffmpeg", "libmagic", "confinement", "state folder"):
        assert word in done.stdout
    assert all("name" in check for check in json.loads(mediaprep("doctor", "--json").stdout))


def test_the_report_is_one_page(tmp_path: Path) -> None:
    source = tmp_path / "a<b>&.bmp"
    copy(SAMPLES / "photo.bmp", source)
    report = tmp_path / "report.html"
    assert mediaprep("convert", source, "--into", tmp_path / "out", "--report", report).returncode == 0
    page = report.read_text()
    assert "a&lt;b&gt;&amp;.bmp" in page and "confined by" in page and "<script" not in page


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    done = mediaprep("check", tmp_path)
    assert done.returncode == 0 and "no files found" in done.stderr
