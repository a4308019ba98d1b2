"""A real WebDAV server (wsgidav on cheroot) on loopback: writing needs an account, reading under `/public` none."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from cheroot.makefile import StreamWriter
from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped]


def _forgotten(_: StreamWriter) -> None:
    """Since Python 3.13 a writer whose client went away complains when it is collected, in the middle of any test."""


StreamWriter.__del__ = _forgotten  # type: ignore[assignment, method-assign]

USER, PASSWORD = "media", "canary-secret webdäv"  # what no header can carry as it is, Basic can


class Quiet(Server):
    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def webdav(folder: Path) -> Iterator[str]:
    """The server's address; it serves that folder at `/`, and for reading alone at `/public`."""
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder), "/public": {"root": str(folder), "readonly": True}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "simple_dc": {"user_mapping": {"/": {USER: {"password": PASSWORD}}, "/public": True}},
            "property_manager": False,
            "lock_storage": False,
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
    logging.getLogger("wsgidav").setLevel(logging.CRITICAL)
    server = Quiet(("127.0.0.1", 0), app, numthreads=8, shutdown_timeout=1)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
