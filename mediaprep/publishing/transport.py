"""The pre-send hook as an httpx transport: every message is made sendable on its way out.

client = httpx.Client(transport=SendableTransport(agree("engagelab", host="/srv/www/media", public_url="https://…")))
client.post("https://wa.api.engagelab.cc/v1/messages", json=message, auth=(key, secret))
"""

from __future__ import annotations

from typing import Any

import httpx

from mediaprep.errors import UsageError
from mediaprep.publishing.hook import prepare_message
from mediaprep.publishing.terms import Terms

FRAMING = ("content-length", "transfer-encoding")
"""Headers that say how long a body is."""


class SendableTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client` and `httpx.AsyncClient`: hands every request on to `inner` or `async_inner`, and the body of a
    POST to the destination's message address through `prepare_message` first, with `options` as there.

    Messages are told by the end of the address alone. A client that talks to other services too has the transport
    mounted for one: `httpx.Client(mounts={"https://wa.api.engagelab.cc": SendableTransport(…)})`.

    Raises what `prepare_message` does, and `UsageError` for a message that cannot be read (another `Content-Type`, a
    compressed body, invalid JSON or an invalid form), from the client's call; then nothing is sent.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        inner: httpx.BaseTransport | None = None,
        async_inner: httpx.AsyncBaseTransport | None = None,
        **options: Any,
    ) -> None:
        self._terms = terms
        self._inner = inner or httpx.HTTPTransport()
        self._async_inner = async_inner or httpx.AsyncHTTPTransport()
        self._options = options

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_message(request):
            self._check_readable(request)
            request = self._sendable(request, request.read())
        return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from anyio import to_thread

        if self._is_message(request):
            self._check_readable(request)
            request = await to_thread.run_sync(self._sendable, request, await request.aread())
        return await self._async_inner.handle_async_request(request)

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._async_inner.aclose()

    def _is_message(self, request: httpx.Request) -> bool:
        return request.method == "POST" and self._terms.destination.sends(_path(request))

    def _check_readable(self, request: httpx.Request) -> None:
        """What cannot be read could hold anything: it is refused, not sent as it is."""
        destination = self._terms.destination
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != destination.body.mime:
            raise UsageError(
                f'invalid Content-Type: "{given}"; messages of {destination.title} are {destination.body.mime}, and '
                "others cannot be checked"
            )
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UsageError("compressed messages cannot be checked; send the message without Content-Encoding")

    def _sendable(self, request: httpx.Request, content: bytes) -> httpx.Request:
        destination = self._terms.destination
        message = destination.body.read(content)
        target = destination.target_of(_path(request))
        made = prepare_message(message, terms=self._terms, **{"target": target, **self._options})
        if made is message:
            return request
        headers = [(name, value) for name, value in request.headers.multi_items() if name not in FRAMING]
        return httpx.Request(
            request.method, request.url, headers=headers, content=destination.body.write(made),
            extensions=request.extensions,
        )  # fmt: skip


def _path(request: httpx.Request) -> str:
    return request.url.path.rstrip("/")
