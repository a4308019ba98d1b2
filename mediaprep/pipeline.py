"""The pipeline, for one file: stage, sniff and probe, check and plan, convert, verify, deliver. Read top to bottom.

Many files, folders and processes are `batch.py`; the search among recipes is `convert.py`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mediaprep import formats
from mediaprep.containers.plain_text import read_words
from mediaprep.converting.convert import Made, NothingFits, convert
from mediaprep.converting.verify import Proof
from mediaprep.errors import MediaprepError, OutputError, ToolMissing, UnknownType
from mediaprep.formats import mimes_for_suffix, promises_media, suffix_for
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.planner import Plan, make_plan
from mediaprep.planning.predict import predict
from mediaprep.planning.profiles import Profile
from mediaprep.record import Prepared, facts, failed, printable
from mediaprep.rules import Action, check_media, errors_of
from mediaprep.running import staging
from mediaprep.running.system import cores

Stage = Literal["check", "plan", "prepare"]


class Request(Struct, frozen=True, kw_only=True):
    """What is wanted: the same for every file of a run. `target`: None to follow each file's medium."""

    profile: Profile
    target: str | None = None
    options: Options = Options()
    caption: str = ""
    text: str = ""


class Job(Struct, frozen=True, kw_only=True):
    """One file to work on.

    `scratch`: a private folder, removed by the caller. `into`, `stem`: where the output goes and its name without
    ending; `replacing`: this source's output of an earlier run. `link`: where the source was fetched from; `public`:
    whether anybody gets the same bytes there.
    """

    source: Path
    request: Request
    scratch: Path
    stage: Stage = "prepare"
    into: Path = Path()
    stem: str = ""
    replacing: Path | None = None
    link: str = ""
    public: bool = False

    @property
    def shown(self) -> str:
        """The source as its sender knows it, printable."""
        return printable(self.link or self.source)


def work(job: Job) -> Prepared:
    """Everything that happens to one file. Never raises for what is wrong with the file: that is in the record."""
    started = time.monotonic()
    try:
        job.scratch.mkdir(parents=True, exist_ok=True)
        with staging.staged(job.source, job.scratch) as source:
            media = look(source, job)
            plan = make_plan(media, job.request.profile, job.request.target, job.request.options)
            record = carry_out(plan, media, job) if job.stage == "prepare" else foretell(plan, media, job)
            if job.stage != "check":
                record = replace(record, predicted=predict(plan, media, cores()))
    except ToolMissing:
        raise
    except MediaprepError as error:
        record = failed(job.shown, error)
    return replace(record, seconds=round(time.monotonic() - started, 3))


def look(source: Path, job: Job) -> Media:
    """Sniff and probe. Unknown bytes, and words under the name of a picture, a sound or a film, are a document only
    where the sender says so."""
    from mediaprep.reading.probe import probe

    try:
        media = probe(source, job.source.name)
    except UnknownType:
        if job.request.target is None or "document" not in job.request.target:
            raise
        media = Media(
            name=job.source.name, size=source.stat().st_size, mime="application/octet-stream", kind="document"
        )
    suffix = job.source.suffix.lower()
    if job.request.target is None and formats.of(media.mime).text and promises_media(suffix):
        raise UnknownType(
            f"the name ends in {suffix}, but the file contains text ({media.mime}); get the real file, or send it with "
            "--as document"
        )
    text = read_words(source) if job.request.target == "text" and formats.of(media.mime).text else job.request.text
    return replace(media, caption=job.request.caption, text=text)


def foretell(plan: Plan, media: Media, job: Job) -> Prepared:
    """The record of `check`, which is about the target asked for, and of `plan`, whose action, target and type are
    those that `carry_out` arrives at as long as no attempt fails. Nothing is made."""
    clean = plan.action is Action.PASS and not errors_of(plan.findings)
    final = plan.outcome
    changes: tuple[str, ...] = ()
    if job.stage == "plan":
        detour = () if final is plan else (plan.detour(),)
        changes = (*detour, *(final.routes[0].ladder[0].changes if final.routes else ()))
    return Prepared(
        source=job.shown,
        status="ready" if clean else "needs-work",
        target=final.target if job.stage == "plan" else plan.target,
        action=plan.action.word,
        mime=final.mime or media.mime,
        bytes=media.size,
        findings=plan.findings,
        changes=changes,
        **facts(media),
    )


def carry_out(plan: Plan, media: Media, job: Job) -> Prepared:
    """Convert, verify and deliver; then the record, whose action is what was done in the end."""
    if plan.action is Action.PASS:
        made: Made | NothingFits = hand_over(plan, media, job)
    elif plan.routes:
        made = convert(plan, media, job.request.options, job.scratch)
    else:
        made = NothingFits(remaining=errors_of(plan.findings))
    if isinstance(made, NothingFits):
        if plan.fallback is not None:
            return fall_back(plan, made, media, job)
        return rejected(plan, made, media, job)
    digest = staging.sha256(made.path)
    media = made.proof.media
    done = Action.ENCODE if made.encodes else plan.action
    path = staging.deliver(made.path, job.into, job.stem, _suffix(media, job), replacing=job.replacing)
    return Prepared(
        source=job.shown,
        status="ready",
        target=plan.target,
        action=done.word,
        path=printable(path),
        mime=media.mime,
        bytes=media.size,
        sha256=digest,
        findings=plan.findings,
        remaining=made.proof.remaining,
        changes=made.changes,
        encodes=made.encodes,
        **facts(media, made.proof.waveform),
    )


def hand_over(plan: Plan, media: Media, job: Job) -> Made:
    """Byte for byte. A voice note is decoded all the same, for its waveform."""
    output = job.scratch / "output"
    staging.copy_file(job.scratch / "input", output)
    waveform = None
    if plan.target == "voice":
        from mediaprep.encoders.sound import measure

        waveform = measure(job.scratch, media, "output").waveform
    named = replace(media, name=f"{job.stem}{_suffix(media, job)}")
    return Made(path=output, proof=Proof(named, check_media(named, plan.limits), waveform), encodes=0, changes=())


def fall_back(plan: Plan, made: NothingFits, media: Media, job: Job) -> Prepared:
    """Send it as another kind of message, and say why. The encodes made in vain are counted."""
    assert plan.fallback is not None
    record = carry_out(plan.fallback, media, job)
    record = replace(record, findings=plan.findings, encodes=made.encodes + record.encodes)
    if record.status != "ready":
        return record
    return replace(record, action=Action.FALLBACK.word, changes=(plan.detour(made.reason), *record.changes))


def rejected(plan: Plan, made: NothingFits, media: Media, job: Job) -> Prepared:
    """No way to comply. Where a tool or a proof failed, rather than the file, that is a failure and said as one."""
    remaining = made.remaining or errors_of(plan.findings)
    curable = max((one.action for one in remaining), default=Action.REJECT) < Action.FALLBACK
    if curable and not plan.routes and remaining[0].name == "type":
        remaining = (replace(remaining[0], message=f"{remaining[0].message}; it cannot be converted"), *remaining[1:])
    if made.reason and not made.smallest and not made.remaining:
        return replace(failed(job.shown, OutputError(made.reason)), encodes=made.encodes)
    if made.smallest and remaining:
        remaining = (replace(remaining[0], message=f"{remaining[0].message}; {made.reason}"), *remaining[1:])
    return Prepared(
        source=job.shown,
        status="rejected",
        target=plan.target,
        action=Action.REJECT.word,
        mime=media.mime,
        bytes=media.size,
        findings=plan.findings,
        remaining=remaining,
        encodes=made.encodes,
        **facts(media),
    )


def _suffix(media: Media, job: Job) -> str:
    """The ending that the bytes call for; the source's own, if it is a plain one, where the type has none, or where it
    says of a document more than the type does (`.csv` of a text)."""
    suffix = job.source.suffix.lower()
    if media.kind == "document" and media.mime in mimes_for_suffix(suffix):
        return suffix
    plain = suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 12
    return suffix_for(media.mime) or (suffix if plain else "")
