"""What the libraries below would log of our requests: httpx every address whole, with the signature of a presigned one,
and httpcore every header of an answer, which may echo a key. Requests of others in the same process are logged as ever.
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
    """Nothing that happens in this thread meanwhile is logged by them."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_foreign)
    token = _OURS.set(True)
    try:
        yield
    finally:
        _OURS.reset(token)
