"""Folders, names, processes and memory, on the project's own samples."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest

from mediaprep import Options, UsageError, check, check_all, plan, prepare, prepare_all
from mediaprep.batch.ledger import Ledger
from mediaprep.batch.sources import walk
from tests import independent
from tests.processes import soon

SAMPLES = Path(__file__).parents[2] / "samples"


def test_one_file_in_one_call(tmp_path: Path) -> None:
    record = prepare(SAMPLES / "photo-gps-rotated.jpg", into=tmp_path)
    assert (record.status, record.target, record.action, record.encodes) == ("ready", "image", "encode", 1)
    assert record.path is not None
    independent.still(Path(record.path))
    assert {finding.code for finding in record.findings} >= {"MP207", "MP401"}
    assert record.remaining == ()


def test_what_complies_is_handed_over_byte_for_byte(tmp_path: Path) -> None:
    for name in ("photo-ready.jpg", "film-ready.mp4", "film-ready.3gp", "memo-ready.amr", "sticker-ready.webp"):
        target = "sticker" if "sticker" in name else None
        record = prepare(SAMPLES / name, into=tmp_path, target=target)
        assert (record.status, record.action, record.encodes) == ("ready", "pass", 0), (name, record.findings)
        assert Path(str(record.path)).read_bytes() == (SAMPLES / name).read_bytes()


def test_check_and_plan_write_nothing(tmp_path: Path) -> None:
    copy(SAMPLES / "film.mov", tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = check(tmp_path / "film.mov")
    assert (found.status, found.path) == ("needs-work", None)
    planned = plan(tmp_path / "film.mov")
    assert (planned.action, planned.mime) == ("remux", "video/mp4")
    assert sorted(tmp_path.rglob("*")) == before


def test_check_plan_and_prepare_take_the_same_wishes(tmp_path: Path) -> None:
    takes = {one.__name__: {*inspect.signature(one).parameters} for one in (check, plan, prepare)}
    assert takes["check"] == takes["plan"] == takes["prepare"] - {"into", "force"}
    wishes: dict[str, Any] = {
        "profile": "engagelab", "target": "voice", "options": Options(normalize=True), "caption": "", "allow_hosts": (),
    }  # fmt: skip
    source = SAMPLES / "memo-ready.ogg"
    assert check(source, **wishes).action == "pass", "a platform does not mind what the sender wants"
    assert plan(source, **wishes).action == prepare(source, into=tmp_path, **wishes).action == "encode"


def test_a_caption_counts_for_all_three(tmp_path: Path) -> None:
    source = SAMPLES / "memo-ready.m4a"
    wishes: dict[str, Any] = {"profile": "engagelab", "caption": "hello"}
    found, planned = check(source, **wishes), plan(source, **wishes)
    done = prepare(source, into=tmp_path, **wishes)
    assert (found.action, planned.action, done.action) == ("reject",) * 3
    assert done.status == "rejected" and done.remaining[0].code == "MP502"


def test_a_rejected_record_counts_the_encodes_that_were_made(tmp_path: Path) -> None:
    path = tmp_path / "tight.toml"
    path.write_text('extends = "whatsapp"\n[image]\nmax_bytes = "1 kB"\nerror_above = "1 kB"\n')
    record = prepare(SAMPLES / "photo-ready.jpg", into=tmp_path / "out", profile=path)
    assert record.status == "rejected" and record.encodes >= 1
    assert "the smallest possible output has" in record.remaining[0].message


def test_a_check_of_what_is_ready_is_clean(tmp_path: Path) -> None:
    records = list(prepare_all([SAMPLES / "photo-cmyk.jpg", SAMPLES / "film.mkv", SAMPLES / "memo.wav"], into=tmp_path))
    assert [record.status for record in records] == ["ready"] * 3
    assert [record.status for record in check_all([tmp_path])] == ["ready"] * 3


def test_the_tree_is_kept_and_twins_do_not_meet(tmp_path: Path) -> None:
    tree = tmp_path / "in"
    (tree / "sub").mkdir(parents=True)
    copy(SAMPLES / "photo.bmp", tree / "photo.bmp")
    copy(SAMPLES / "photo-ready.jpg", tree / "photo.jpg")
    copy(SAMPLES / "photo.bmp", tree / "sub" / "photo.bmp")
    records = list(prepare_all([tree], into=tmp_path / "out"))
    outputs = {Path(str(record.path)).relative_to(tmp_path / "out").as_posix() for record in records}
    assert outputs == {"photo-bmp.jpg", "photo-jpg.jpg", "sub/photo.jpg"} or outputs == {
        "photo-bmp.png",
        "photo-jpg.jpg",
        "sub/photo.png",
    }


def test_into_the_same_folder_leaves_the_sources_alone(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    copy(SAMPLES / "photo-gps.jpg", source)
    before = source.read_bytes()
    record = prepare(source, into=tmp_path)
    assert record.path is not None and Path(record.path).name == "photo-2.jpg"
    assert source.read_bytes() == before


def test_outputs_do_not_become_sources_where_both_lie_in_one_folder(tmp_path: Path) -> None:
    copy(SAMPLES / "photo.bmp", tmp_path)
    first = list(prepare_all([tmp_path], into=tmp_path))
    for force in (False, True):
        again = list(prepare_all([tmp_path], into=tmp_path, force=force))
        assert [record.path for record in again] == [record.path for record in first]
    assert len(list(tmp_path.iterdir())) == 2
    assert prepare(str(first[0].path), into=tmp_path / "out").status == "ready", "named, it is a source like any other"


def test_a_link_to_a_folder_is_followed_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    copy(SAMPLES / "photo.bmp", tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [one.path.name for one in walk([tmp_path / "link"])] == ["photo.bmp"]
    records = list(prepare_all([tmp_path], into=tmp_path / "out"))
    assert sorted((Path(record.source).name, record.status) for record in records) == [
        ("link", "failed"),
        ("photo.bmp", "ready"),
    ]


def test_a_second_run_does_nothing_again_and_a_changed_source_replaces_its_own_output(tmp_path: Path) -> None:
    source, out = tmp_path / "memo.wav", tmp_path / "out"
    copy(SAMPLES / "memo.wav", source)
    first = prepare(source, into=out)
    made = Path(str(first.path)).stat()
    again = prepare(source, into=out)
    assert again == first
    assert Path(str(again.path)).stat().st_mtime_ns == made.st_mtime_ns
    forced = prepare(source, into=out, force=True)
    assert forced.path == first.path and Path(str(forced.path)).stat().st_ino != made.st_ino
    copy(SAMPLES / "memo.flac", source)
    changed = prepare(source, into=out)
    assert changed.path == first.path
    assert len(list(out.iterdir())) == 1
    Path(str(changed.path)).write_bytes(b"somebody else wrote here")
    other = prepare(source, into=out)
    assert Path(str(other.path)).name == "memo-2.m4a"


def test_other_wishes_are_other_work(tmp_path: Path) -> None:
    one = prepare(SAMPLES / "logo-transparent.png", into=tmp_path, profile="engagelab")
    other = prepare(
        SAMPLES / "logo-transparent.png", into=tmp_path, profile="engagelab", options=Options(background="#102030")
    )
    assert one.sha256 != other.sha256


def test_bad_files_are_one_record_each_and_the_rest_is_unharmed(tmp_path: Path) -> None:
    tree = tmp_path / "in"
    tree.mkdir()
    copy(SAMPLES / "photo-ready.jpg", tree / "good.jpg")
    (tree / "empty.mp4").write_bytes(b"")
    (tree / "words.jpg").write_text("These are words, not a picture.\n" * 20)
    (tree / "cut.mp4").write_bytes((SAMPLES / "film-ready.mp4").read_bytes()[:5000])
    (tree / "noise.mp3").write_bytes(bytes(range(7, 250)) * 30)
    os.mkfifo(tree / "pipe.mp4")
    (tree / "loop.png").symlink_to(tree / "loop.png")
    records = {Path(record.source).name: record for record in prepare_all([tree], into=tmp_path / "out")}
    assert records["good.jpg"].status == "ready"
    types = {name: record.error.type for name, record in records.items() if record.error}
    assert types["empty.mp4"] == "Incomplete"
    assert types["cut.mp4"] == "Incomplete"
    assert types["pipe.mp4"] == types["loop.png"] == "NotAFile"
    assert records["noise.mp3"].status == "failed"
    assert types["words.jpg"] == "UnknownType", "words never slip out as a document because they are called a picture"
    for record in records.values():
        if record.error:
            assert "Traceback" not in record.error.message and len(record.error.message) > 12
    kept = {path.name for path in (tmp_path / "out").rglob("*")}
    assert kept == {"good.jpg"}


def test_a_text_named_jpg_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("These are words, not a picture.\n")
    record = prepare(tmp_path / "words.jpg", into=tmp_path / "out", target="image")
    assert record.status == "rejected"
    assert record.remaining[0].code == "MP101"


def test_a_picture_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    from PIL import Image

    bomb = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    record = prepare(bomb, into=tmp_path / "out")
    assert record.error is not None and record.error.type == "TooMuch"
    assert "20000" in record.error.message.replace(",", "").replace(" ", "")
    assert not list((tmp_path / "out").iterdir())


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    list(prepare_all([SAMPLES / "memo.wav", SAMPLES / "photo.bmp"], into=tmp_path))
    assert all(not path.name.startswith(".") for path in tmp_path.rglob("*"))


def test_usage_errors_come_before_anything_is_touched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean"):
        list(prepare_all([SAMPLES], into=tmp_path / "out", target="stickers"))
    with pytest.raises(UsageError, match="unknown profile"):
        list(prepare_all([SAMPLES], into=tmp_path / "out", profile="whatsap"))
    with pytest.raises(UsageError, match="folder"):
        prepare(SAMPLES, into=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_medium_that_the_profile_has_no_target_for_ends_that_file_alone(tmp_path: Path) -> None:
    profile = tmp_path / "pictures.toml"
    profile.write_text('[image]\nmime = ["image/jpeg"]\nmake = ["image/jpeg"]\n')
    records = list(
        prepare_all([SAMPLES / "memo.wav", SAMPLES / "photo.bmp"], into=tmp_path / "out", profile=profile, jobs=1)
    )
    assert [record.status for record in records] == ["failed", "ready"]
    assert records[0].error is not None and 'no target "audio"' in records[0].error.message


def test_any_executor_will_do(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        (record,) = prepare_all([SAMPLES / "photo.bmp"], into=tmp_path, executor=executor)
    assert record.status == "ready"


def test_a_ledger_without_room_costs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAPREP_STATE", str(tmp_path / "state"))
    with Ledger() as ledger:
        ledger._db.execute("create trigger full before insert on prepared begin select raise(abort, 'full'); end")
    with pytest.warns(RuntimeWarning, match="cannot be remembered: full"):
        records = list(prepare_all([SAMPLES / "photo.bmp", SAMPLES / "letter.pdf"], into=tmp_path / "out"))
    assert [record.status for record in records] == ["ready", "ready"]


def test_a_text_message_that_is_too_long_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "note.txt"
    text.write_text("é" * 4096)
    assert check(text, target="text").status == "ready"
    text.write_text("é" * 4097)
    assert [finding.code for finding in check(text, target="text").findings] == ["MP503"]
    assert check(text, target="document").status == "ready"


def test_a_refusal_says_whether_there_is_no_way(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("a.txt", "a")
    refused = prepare(archive, into=tmp_path / "out")
    assert refused.status == "rejected" and refused.remaining[0].message.endswith("; it cannot be converted")
    wordy = prepare(SAMPLES / "photo.bmp", into=tmp_path / "out", caption="x" * 1025)
    assert wordy.status == "rejected" and not wordy.remaining[0].message.endswith("converted")


def test_hidden_files_and_the_output_folder_are_not_walked(tmp_path: Path) -> None:
    for name in ("a.jpg", ".DS_Store", "out/b.jpg", ".git/c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for into in (tmp_path / "out", tmp_path / ".." / tmp_path.name / "out"):
        found = [one.path.relative_to(tmp_path).as_posix() for one in walk([tmp_path], into=into)]
        assert found == ["a.jpg"]


def test_a_name_that_is_only_an_ending_is_not_hidden_and_an_empty_folder_named_like_a_file_is_told(
    tmp_path: Path,
) -> None:
    for name in (".jpg", "..PNG", ".hidden.jpg", "film.mp4/x.mp4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "photo.jpg").mkdir()
    (tmp_path / "empty").mkdir()
    found = {one.path.relative_to(tmp_path).as_posix() for one in walk([tmp_path])}
    assert found == {".jpg", "..PNG", "film.mp4/x.mp4", "photo.jpg"}
    (record,) = check_all([tmp_path / "photo.jpg"])
    assert record.error is not None and record.error.type == "NotAFile"


def test_words_under_the_name_of_a_film_are_a_document_only_where_asked_for(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("These are words, not a film.\n")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    refused = prepare(tmp_path / "words.mp4", into=tmp_path / "out")
    assert refused.error is not None and refused.error.message.startswith(
        "the name ends in .mp4, but the file contains text"
    )
    asked = prepare(tmp_path / "words.mp4", into=tmp_path / "out", target="document")
    assert asked.status == "ready" and str(asked.path).endswith("words.txt")
    honest = prepare(tmp_path / "table.csv", into=tmp_path / "out")
    assert honest.status == "ready" and str(honest.path).endswith("table.csv")


def test_a_killed_run_leaves_no_half_file_and_the_next_one_finishes(tmp_path: Path) -> None:
    tree, out = tmp_path / "in", tmp_path / "out"
    copytree(SAMPLES, tree, ignore=lambda _, names: [name for name in names if not name.startswith(("film", "memo"))])
    script = f"from mediaprep import prepare_all\nlist(prepare_all([{str(tree)!r}], into={str(out)!r}))"
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    assert soon(lambda: [path for path in out.glob("[!.]*") if path.is_file()])
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    whole = {path: path.stat().st_mtime_ns for path in out.glob("[!.]*")}
    assert whole
    for path in whole:
        assert check(path).status in ("ready", "needs-work")
    records = list(prepare_all([tree], into=out))
    assert len(records) == len(list(tree.iterdir()))
    kept = [path for path, stamp in whole.items() if path.stat().st_mtime_ns == stamp]
    assert len(kept) >= len(whole) - 2, "finished files stay finished"
    assert not list(out.glob(".mediaprep-*"))
