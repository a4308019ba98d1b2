"""No log of our requests: httpx logs each URL whole, with the signature of a presigned link, and httpcore each header
of a response, which may repeat a key. Requests of other code in the same process are logged as before.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator

TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")

_OURS = contextvars.ContextVar("_OURS", default=False)


def _foreign(_: logging.LogRecord) -> bool:
    return not _OURS.get()


@contextlib.contextmanager
def unlogged() -> Iterator[None]:
    """httpx and httpcore log nothing in this thread until the block ends."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_foreign)
    token = _OURS.set(True)
    try:
        yield
    finally:
        _OURS.reset(token)
