"""What can go wrong, by whose doing.

A file that does not comply is no error: it is a value (`Prepared.status`, `Prepared.remaining`).
Exceptions are for what cannot be read, run or reached::

    MediaprepError
    ├── UsageError          the caller's: unknown profile, target or option        exit code 2
    │   └── ProfileError    a profile with an unknown key, unit or type            exit code 2
    ├── SourceError         the file's: it cannot be taken                         status "failed"
    │   ├── NotAFile        a folder, link, pipe, device or socket
    │   ├── Unreadable      no permission, vanished, input/output error
    │   ├── InputChanged    the file changed while it was read
    │   ├── UnknownType     no type could be told from the bytes
    │   ├── Incomplete      cut short: the bytes end before the media does
    │   ├── Damaged         the bytes contradict themselves, or do not decode
    │   └── TooMuch         a bomb: more pixels, frames, streams or hours than the caps allow
    ├── ToolError           a tool's: ffmpeg or a decoder failed, crashed or took too long
    │   ├── ToolMissing     not installed, or built without what is needed          exit code 3
    │   ├── ToolCrashed     it ended by a signal, or its process died
    │   └── TimeLimit       it took longer than it may
    ├── OutputError         what was made could not be proved, or could not be written
    │   └── DiskFull        no space left where the output goes
    ├── NetworkError        the other side's, or the way there                      status "failed"
    │   ├── Unreachable     no connection, or it broke before all bytes were out: nothing was stored
    │   ├── AnswerLost      all bytes were out and no answer came: it may be stored there
    │   ├── Refused         the answer was no; the message carries the other side's own words
    │   └── BadAnswer       the answer was yes, but not as documented: it may be stored there
    └── NotSendable         a message that cannot be made sendable; it carries the record

Every message is one sentence that says what is wrong and what to do; the record adds which file.
"""

from __future__ import annotations

from collections.abc import Iterable


class MediaprepError(Exception):
    """The root of everything mediaprep raises on purpose."""


class UsageError(MediaprepError):
    """The call itself is wrong; nothing was touched."""


class ProfileError(UsageError):
    """A profile that cannot be used; the message names the table and the key."""


class SourceError(MediaprepError):
    """The file cannot be taken."""


class NotAFile(SourceError):
    """Not a regular file; it was never opened."""


class Unreadable(SourceError):
    """The system refused to give the bytes."""


class InputChanged(SourceError):
    """The file changed while it was read."""


class UnknownType(SourceError):
    """No type could be told from the bytes."""


class Incomplete(SourceError):
    """The bytes end before the media does."""


class Damaged(SourceError):
    """The bytes contradict themselves, or do not decode."""


class TooMuch(SourceError):
    """More pixels, frames, streams or hours than the caps allow."""


class ToolError(MediaprepError):
    """A tool failed; the message carries its own last words."""


class ToolMissing(ToolError):
    """A tool is not installed, or lacks a feature; `mediaprep doctor` says which."""


class ToolCrashed(ToolError):
    """A tool, or the process that worked on the file, died."""


class TimeLimit(ToolError):
    """A tool took longer than it may."""


class OutputError(MediaprepError):
    """What was made could not be proved right, or could not be written."""


class DiskFull(OutputError):
    """No space left where the output goes."""


class NetworkError(MediaprepError):
    """Something between here and the other side, or on it.

    `temporary`: the same request may succeed later. `stored`: False where nothing can have been stored, None where
    that is unknown. `status`: of the HTTP answer, if there was one. `retry_after`: seconds that the other side asks
    to wait.
    """

    stored: bool | None = False

    def __init__(
        self, message: str, *, temporary: bool = False, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.temporary = temporary
        self.status = status
        self.retry_after = retry_after


class Unreachable(NetworkError):
    """No connection, or it broke before all bytes were out."""


class AnswerLost(NetworkError):
    """All bytes were out and no answer came."""

    stored = None


class Refused(NetworkError):
    """The other side said no."""


class BadAnswer(NetworkError):
    """The other side said yes in words that are not its documented ones."""

    stored = None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`; did you mean "max_bytes"?`, or nothing."""
    import difflib

    close = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""
