"""The exceptions, by cause.

A file that does not comply is not an exception: it is a value (`Prepared.status`, `Prepared.remaining`).
Exceptions are for files that cannot be read, tools that fail and servers that cannot be reached::

    MediaprepError
    ├── UsageError          the call: unknown profile, target or option            exit code 2
    │   └── ProfileError    a profile with an unknown key, unit or type            exit code 2
    ├── SourceError         the input: it cannot be processed                      status "failed"
    │   ├── NotAFile        a folder, link, pipe, device or socket
    │   ├── Unreadable      no permission, vanished, input/output error
    │   ├── InputChanged    the file changed while it was read
    │   ├── UnknownType     the type of the file cannot be detected
    │   ├── Incomplete      truncated: the file ends before the media data does
    │   ├── Damaged         the file contradicts itself, or does not decode
    │   └── TooMuch         a bomb: more pixels, frames, streams or hours than the limits
    ├── ToolError           a tool: ffmpeg or a decoder failed, crashed or took too long
    │   ├── ToolMissing     not installed, or built without a required feature      exit code 3
    │   ├── ToolCrashed     ended by a signal, or its process died
    │   └── TimeLimit       took longer than its time limit
    ├── OutputError         the output could not be verified, or could not be written
    │   └── DiskFull        no space left on the output's disk
    ├── NetworkError        the network, or the server                              status "failed"
    │   ├── Unreachable     no connection, or lost before all bytes were sent: nothing was stored
    │   ├── AnswerLost      all bytes were sent and no response came: it may be stored
    │   ├── Refused         an error response; the message contains the server's own error text
    │   └── BadAnswer       a success, but not as documented: it may be stored
    └── NotSendable         a message that cannot be made sendable; it has the record

Every message is one line: what is wrong, then what to do. The record adds which file.
"""

from __future__ import annotations

from collections.abc import Iterable


class MediaprepError(Exception):
    """The base class of all exceptions of mediaprep."""


class UsageError(MediaprepError):
    """The call itself is wrong; no file was changed."""


class ProfileError(UsageError):
    """An invalid profile; the message names the table and the key."""


class SourceError(MediaprepError):
    """The input file cannot be processed."""


class NotAFile(SourceError):
    """Not a regular file; it was never opened."""


class Unreadable(SourceError):
    """The operating system could not read the file."""


class InputChanged(SourceError):
    """The file changed while it was read."""


class UnknownType(SourceError):
    """The type of the file cannot be detected."""


class Incomplete(SourceError):
    """The file is truncated: it ends before the media data does."""


class Damaged(SourceError):
    """The file contradicts itself, or does not decode."""


class TooMuch(SourceError):
    """More pixels, frames, streams or hours than the limits."""


class ToolError(MediaprepError):
    """A tool failed; the message contains its last line of output."""


class ToolMissing(ToolError):
    """A tool is not installed, or lacks a feature; `mediaprep doctor` says which."""


class ToolCrashed(ToolError):
    """A tool, or the process that worked on the file, died."""


class TimeLimit(ToolError):
    """A tool took longer than its time limit."""


class OutputError(MediaprepError):
    """The output could not be verified, or could not be written."""


class DiskFull(OutputError):
    """No space left on the output's disk."""


class NetworkError(MediaprepError):
    """The network or the server failed.

    `temporary`: the same request may succeed later. `stored`: False if nothing can have been stored, None if that is
    unknown. `status`: of the HTTP response, if there was one. `retry_after`: seconds, from `Retry-After`.
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
    """No connection, or it was lost before all bytes were sent."""


class AnswerLost(NetworkError):
    """All bytes were sent and no response came."""

    stored = None


class Refused(NetworkError):
    """The server returned an error."""


class BadAnswer(NetworkError):
    """The server returned a success that is not as documented."""

    stored = None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`; did you mean "max_bytes"?`, or nothing."""
    import difflib

    close = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""
