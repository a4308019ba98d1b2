"""In and out of the private work folder: sources enter under a neutral name, outputs leave by one rename.

File names alone are an attack (`img%03d.png`, `concat:a|b`, `-o.mp4`), so no tool ever sees one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath

from mediaprep.errors import DiskFull, InputChanged, NotAFile, OutputError, Unreadable
from mediaprep.running import system

PREFIX = ".mediaprep-"

IRREGULAR = {
    stat.S_ISDIR: "a folder",
    stat.S_ISLNK: "a link",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}

STEM_BYTES = 180


@contextlib.contextmanager
def run_folder(parent: Path) -> Iterator[Path]:
    """A private folder for one run, gone afterwards; what a killed run left in `parent` is cleared first."""
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove the work folders of runs that are no longer alive."""
    for left in parent.glob(f"{PREFIX}*-*"):
        pid = left.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not system.is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def is_folder(source: str | os.PathLike[str]) -> bool:
    """False as well for what cannot be looked at, such as a name that is too long: whoever opens it says so."""
    return os.path.isdir(source)  # noqa: PTH112 - pathlib raises for some of those


def identity(source: Path) -> os.stat_result:
    """The source's `lstat`; refused unless it is a regular file. It is not opened."""
    try:
        found = os.lstat(source)
    except FileNotFoundError:
        raise Unreadable("no such file; check the path") from None
    except OSError as error:
        raise Unreadable(f"cannot access the file: {error.strerror}; check the folder's permissions") from None
    if stat.S_ISDIR(found.st_mode) and not system.may_list(source):
        raise Unreadable("cannot list the folder: permission denied; allow it (chmod +rx)")
    for is_kind, words in IRREGULAR.items():
        if is_kind(found.st_mode):
            advice = "give the path of a file (for a link, the file that it points to)"
            raise NotAFile(f"not a regular file: this is {words}; {advice}")
    return found


@contextlib.contextmanager
def staged(source: Path, folder: Path) -> Iterator[Path]:
    """`folder/input`, the source under a neutral name (a link, or a copy where none can be made). Raises `InputChanged`
    if it did not stay as it was.
    """
    before = identity(source)
    try:
        descriptor = os.open(source, system.READ_ONLY)
    except PermissionError:
        raise Unreadable("cannot read the file: permission denied; allow reading it (chmod +r)") from None
    except OSError as error:
        raise Unreadable(f"cannot open the file: {error.strerror}") from None
    try:
        opened = os.fstat(descriptor)
        if not _same(before, opened):
            raise InputChanged("the file changed while it was opened; retry when no other program writes to it")
        link = folder / "input"
        system.point(link, os.path.abspath(source))
        yield link
        try:
            after = os.lstat(source)
        except OSError:
            raise InputChanged("the file was removed while it was read; restore it and retry") from None
        if not _same(opened, after):
            raise InputChanged("the file changed while it was read; retry when no other program writes to it")
    finally:
        os.close(descriptor)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    keys = ("st_dev", "st_ino", "st_size", "st_mtime_ns")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def copy_file(source: Path, output: Path) -> None:
    """Copy byte for byte, by whatever the system does that with."""
    with writing(output):
        shutil.copyfile(source, output)


def sha256(path: Path) -> str:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def deliver(made: Path, folder: Path, stem: str, suffix: str, *, replacing: Path | None = None) -> Path:
    """Give a finished file its name, by one rename. A name that is taken is never taken away from its file:
    `stem-2`, `stem-3` … are tried, but for `replacing`, the output of an earlier run from the same source.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with made.open("r+b") as written:  # Windows syncs only what may be written
            os.fsync(written.fileno())
        final = folder / f"{stem}{suffix}"
        number = 1
        while True:
            if replacing is not None and final == replacing:
                made.replace(final)
                break
            try:
                if system.hard_link(made, final):
                    made.unlink()
                else:
                    final.touch(exist_ok=False)  # the name is taken first, for the rename that follows at once
                    made.replace(final)
                break
            except FileExistsError:
                number += 1
                final = folder / f"{stem}-{number}{suffix}"
        system.sync_folder(folder)
    return final


@contextlib.contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turns the system's refusals to write into `DiskFull` and `OutputError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"no space left in {_outside(where)}; free some space and run again") from None
        raise OutputError(f"cannot write to {_outside(where)}: {error.strerror or error}") from None


def _outside(where: Path) -> Path:
    """`where`, or the folder that its work folder lies in: users know only that one."""
    return next((one.parent for one in (where, *where.parents) if one.name.startswith(PREFIX)), where)


def safe_stem(name: str) -> str:
    """A file's name without its ending, as a name that is harmless everywhere: no control characters, no leading
    dash or dot, no bytes that are not UTF-8, at most 180 bytes.
    """
    stem = unicodedata.normalize("NFC", PurePath(name).stem.encode("utf-8", "replace").decode())
    kept = "".join(
        c if c.isprintable() and unicodedata.category(c) != "Cf" and c not in '\\/:*?"<>|' else "_" for c in stem
    )
    if kept[:1] in "-.":
        kept = "_" + kept[1:]
    while len(kept.encode()) > STEM_BYTES:
        kept = kept[:-1]
    return kept.strip() or "file"


def safe_suffix(filename: str) -> str:
    """The ending of a name, such as `.jpg`; empty where it is none that every server and file system takes."""
    suffix = PurePath(filename).suffix.lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 12 else ""


def stems(names: list[tuple[str, str]]) -> list[str]:
    """An output stem for every (folder, file name), no two alike in one folder whatever their endings turn into.

    Files that would share one get their old ending added: `cat.png` and `cat.heic` become `cat-png`, `cat-heic`.
    """

    def key(folder: str, stem: str) -> tuple[str, str]:
        return folder, unicodedata.normalize("NFC", stem).casefold()

    plain = [safe_stem(name) for _, name in names]
    shared: dict[tuple[str, str], int] = {}
    for (folder, _), stem in zip(names, plain, strict=True):
        shared[key(folder, stem)] = shared.get(key(folder, stem), 0) + 1
    taken = {spot for spot, count in shared.items() if count == 1}
    given: list[str] = []
    for (folder, name), stem in zip(names, plain, strict=True):
        if shared[key(folder, stem)] > 1:
            ending = PurePath(name).suffix.removeprefix(".").lower()
            base = candidate = safe_stem(f"{stem}-{ending}.x") if ending else f"{stem}-file"
            number = 1
            while key(folder, candidate) in taken:
                number += 1
                candidate = f"{base}-{number}"
            stem = candidate
            taken.add(key(folder, stem))
        given.append(stem)
    return given
