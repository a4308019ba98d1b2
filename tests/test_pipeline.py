"""One file, stage by stage: looked at, foretold, carried out, handed over, sent as something else, rejected, failed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mediaprep import pipeline
from mediaprep.converting.convert import NothingFits
from mediaprep.errors import ToolMissing, UnknownType
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.pipeline import Job, Request
from mediaprep.planning.planner import Plan, make_plan
from mediaprep.planning.profiles import Profile, load
from mediaprep.rules import Action, errors_of
from tests.rules.test_rules import PHOTO, SONG

SAMPLES = Path(__file__).parent.parent / "samples"
WHATSAPP = load("whatsapp")
SHORT = replace(
    WHATSAPP,
    targets={
        **WHATSAPP.targets,
        "image": replace(WHATSAPP.limits("image"), max_bytes=40, error_above=None, fallback="document"),
    },
)
"""As WhatsApp, but no picture is small enough for an image message; then it goes as a document."""


def job(folder: Path, source: str | Path, *, stage: pipeline.Stage = "prepare", **request: Any) -> Job:
    request = {"profile": WHATSAPP, **request}
    return Job(
        source=SAMPLES / source, request=Request(**request), scratch=folder / "work", stage=stage,
        into=folder / "out", stem="ours",
    )  # fmt: skip


def looked_at(one: Job) -> tuple[Media, Plan]:
    """The facts and the plan of a job whose source lies ready in its work folder."""
    one.scratch.mkdir()
    shutil.copy(one.source, one.scratch / "input")
    media = pipeline.look(one.scratch / "input", one)
    return media, make_plan(media, one.request.profile, one.request.target, one.request.options)


def made_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").glob("*"))


# ---------------------------------------------------------------- work


@pytest.mark.parametrize(
    ("source", "target", "action", "name"),
    [
        ("photo-ready.jpg", None, "pass", "ours.jpg"),
        ("photo-gps.jpg", None, "remux", "ours.jpg"),
        ("photo.bmp", None, "encode", "ours.jpg"),
        ("film.mkv", None, "remux", "ours.mp4"),
        ("notes.txt", None, "pass", "ours.txt"),
        ("really-a-jpeg.png", None, "pass", "ours.jpg"),
    ],
)
def test_work_delivers_what_complies(tmp_path: Path, source: str, target: str | None, action: str, name: str) -> None:
    record = pipeline.work(job(tmp_path, source, target=target))
    assert (record.status, record.action, record.error) == ("ready", action, None)
    assert record.path == str(tmp_path / "out" / name)
    assert made_in(tmp_path) == [name]
    assert record.bytes == (tmp_path / "out" / name).stat().st_size
    assert not errors_of(record.remaining)
    assert (record.encodes > 0) is (action == "encode")
    again = pipeline.work(
        Job(source=tmp_path / "out" / name, request=Request(profile=WHATSAPP), scratch=tmp_path / "2", stage="check")
    )
    assert (again.status, again.action) == ("ready", "pass")


@pytest.mark.parametrize("stage", ["check", "plan"])
def test_work_makes_nothing_where_it_is_only_asked(tmp_path: Path, stage: pipeline.Stage) -> None:
    record = pipeline.work(job(tmp_path, "photo.bmp", stage=stage))
    assert (record.status, record.action, record.path) == ("needs-work", "encode", None)
    assert made_in(tmp_path) == []


def test_what_is_wrong_with_a_file_is_in_its_record(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    for source in (empty, tmp_path / "nothing.jpg", tmp_path):
        record = pipeline.work(job(tmp_path, source))
        assert record.status == "failed" and record.error is not None and record.source == str(source)
    assert made_in(tmp_path) == []


def test_a_missing_tool_is_about_the_machine_and_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ToolMissing("no ffmpeg")

    monkeypatch.setattr(pipeline, "convert", missing)
    with pytest.raises(ToolMissing):
        pipeline.work(job(tmp_path, "photo.bmp"))


def test_a_link_is_shown_as_the_source_of_what_was_fetched_from_it(tmp_path: Path) -> None:
    one = replace(job(tmp_path, "photo-ready.jpg", stage="check"), link="https://example.com/a.jpg")
    assert pipeline.work(one).source == "https://example.com/a.jpg"


# ---------------------------------------------------------------- look


def test_unknown_bytes_are_a_document_only_where_the_sender_says_so(tmp_path: Path) -> None:
    source = tmp_path / "data.bin"
    source.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(UnknownType):
        pipeline.look(source, job(tmp_path, source))
    media = pipeline.look(source, job(tmp_path, source, target="document"))
    assert (media.mime, media.kind, media.size) == ("application/octet-stream", "document", 1024)


def test_words_under_a_films_name_are_a_document_only_where_the_sender_says_so(tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_text("not found\n")
    with pytest.raises(UnknownType):
        pipeline.look(source, job(tmp_path, source))
    assert pipeline.look(source, job(tmp_path, source, target="document")).mime == "text/plain"


def test_what_is_written_travels_with_the_facts(tmp_path: Path) -> None:
    one = job(tmp_path, "photo-ready.jpg", caption="hello", text="more")
    media = pipeline.look(one.source, one)
    assert (media.caption, media.text, media.name) == ("hello", "more", "photo-ready.jpg")
    letter = job(tmp_path, "notes.txt", target="text")
    assert pipeline.look(letter.source, letter).text == letter.source.read_text()


# ---------------------------------------------------------------- foretell


@pytest.mark.parametrize("source", ["photo-ready.jpg", "photo-gps.jpg", "photo.bmp", "film.mkv", "letter.docx"])
def test_what_is_foretold_is_what_comes(tmp_path: Path, source: str) -> None:
    one = job(tmp_path, source, stage="plan")
    media, plan = looked_at(one)
    said = pipeline.foretell(plan, media, one)
    done = pipeline.carry_out(plan, media, one)
    assert (said.action, said.target, said.mime, said.findings) == (
        done.action, done.target, done.mime, done.findings,
    )  # fmt: skip
    assert (said.path, said.sha256, said.encodes) == (None, None, 0)
    assert said.bytes == one.source.stat().st_size


def test_check_says_nothing_of_what_would_be_lost(tmp_path: Path) -> None:
    media, plan = looked_at(job(tmp_path, "ball-transparent.gif"))
    said = [pipeline.foretell(plan, media, job(tmp_path, "photo.bmp", stage=stage)) for stage in ("check", "plan")]
    assert said[0].changes == () and said[1].changes


# ---------------------------------------------------------------- carry out, hand over


def test_a_compliant_file_is_handed_over_byte_for_byte(tmp_path: Path) -> None:
    one = job(tmp_path, "letter.pdf")
    media, plan = looked_at(one)
    made = pipeline.hand_over(plan, media, one)
    assert made.path.read_bytes() == one.source.read_bytes()
    assert (made.encodes, made.changes, made.proof.waveform) == (0, (), None)
    assert made.proof.media.name == "ours.pdf"


def test_a_voice_note_that_passes_brings_its_waveform_all_the_same(tmp_path: Path) -> None:
    record = pipeline.work(job(tmp_path, "memo-ready.ogg", target="voice"))
    assert (record.action, record.encodes) == ("pass", 0)
    assert record.waveform is not None and len(record.waveform) == 64
    assert pipeline.work(replace(job(tmp_path, "memo-ready.ogg"), scratch=tmp_path / "2")).waveform is None


def test_an_output_takes_the_place_of_its_forerunner_alone(tmp_path: Path) -> None:
    one = job(tmp_path, "photo-ready.jpg")
    first = pipeline.work(one)
    second = pipeline.work(replace(one, scratch=tmp_path / "2"))
    third = pipeline.work(replace(one, scratch=tmp_path / "3", replacing=Path(str(first.path))))
    assert second.path != first.path == third.path
    assert made_in(tmp_path) == ["ours-2.jpg", "ours.jpg"]


# ---------------------------------------------------------------- fall back


def test_what_does_not_fit_is_sent_as_the_profile_says_and_the_record_tells(tmp_path: Path) -> None:
    record = pipeline.work(job(tmp_path, "photo.bmp", profile=SHORT, target="image"))
    assert (record.status, record.action, record.target) == ("ready", "fallback", "document")
    assert made_in(tmp_path) and record.path == str(tmp_path / "out" / made_in(tmp_path)[0])
    assert "MP102" in {finding.code for finding in record.findings}, "what was wrong with it as an image"
    assert "image" in record.changes[0] and "document" in record.changes[0]


def test_a_fallback_that_fails_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = job(tmp_path, "film-hevc.mp4", profile=load("engagelab"), target="video")
    media, plan = looked_at(one)
    assert plan.fallback is not None
    plan = replace(plan, fallback=replace(plan.fallback, action=Action.ENCODE, routes=plan.routes, fallback=None))
    monkeypatch.setattr(pipeline, "convert", lambda *_: NothingFits(reason="the tool broke"))
    record = pipeline.fall_back(plan, NothingFits(reason="the tool broke"), media, one)
    assert (record.status, record.path) == ("failed", None)


# ---------------------------------------------------------------- rejected, or failed


def turned_down(media: Media, result: NothingFits, *, profile: Profile = WHATSAPP, target: str) -> Any:
    one = job(Path(), "photo-ready.jpg", profile=profile, target=target)
    return pipeline.rejected(make_plan(media, profile, target, Options()), result, media, one)


LARGE = replace(PHOTO, size=9_000_000)


def test_a_tool_or_a_proof_that_fails_is_a_failure_and_no_fault_of_the_file() -> None:
    record = turned_down(LARGE, NothingFits(reason="the output lasts 3 s"), target="image")
    assert record.status == "failed"
    assert record.error is not None and record.error.message == "the output lasts 3 s"


def test_what_cannot_be_made_small_enough_is_rejected_and_says_how_small_it_got() -> None:
    record = turned_down(LARGE, NothingFits(smallest=6_000_000, reason="6,000,000 bytes at least"), target="image")
    assert (record.status, record.action, record.error) == ("rejected", "reject", None)
    assert "MP102" in {finding.code for finding in record.remaining}
    assert record.remaining[0].message.endswith("6,000,000 bytes at least")


def test_what_comes_out_wrong_is_rejected_for_what_is_still_wrong() -> None:
    wrong = errors_of(make_plan(replace(PHOTO, metadata=("location",)), WHATSAPP, "image").findings)
    record = turned_down(LARGE, NothingFits(remaining=wrong, reason="it still tells a place"), target="image")
    assert (record.status, record.remaining) == ("rejected", wrong)


def test_what_no_encode_cures_is_rejected_for_what_it_is() -> None:
    record = turned_down(SONG, NothingFits(), target="video")
    assert record.status == "rejected"
    assert "MP302" in {finding.code for finding in record.remaining}
    assert record.findings == make_plan(SONG, WHATSAPP, "video").findings


def test_a_type_that_nothing_converts_says_so_beside_what_is_accepted(tmp_path: Path) -> None:
    record = pipeline.work(job(tmp_path, "letter.docx", target="image"))
    assert record.status == "rejected" and made_in(tmp_path) == []
    assert [finding.code for finding in record.remaining] == ["MP101"]
    assert len(record.remaining[0].message) > len(record.findings[0].message)
