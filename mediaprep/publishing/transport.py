"""The pre-send hook inside httpx: a transport that makes every message sendable on its way out.

client = httpx.Client(transport=SendableTransport(agree("engagelab", host="/srv/www/media", public_url="https://…")))
client.post("https://wa.api.engagelab.cc/v1/messages", json=message, auth=(key, secret))
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from mediaprep.publishing.hook import prepare_message, read_message
from mediaprep.publishing.terms import Terms


class SendableTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client` and `httpx.AsyncClient`: hands every request on to `inner` or `async_inner`, and the JSON of a
    POST to the destination's message address through `prepare_message` first, with `options` as there.

    Messages are told by the end of the address alone. A client that talks to other services too has the transport
    mounted for one: `httpx.Client(mounts={"https://wa.api.engagelab.cc": SendableTransport(…)})`.

    Raises what `read_message` and `prepare_message` do, from the client's call, and nothing is sent.
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
            request = self._sendable(request, request.read())
        return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from anyio import to_thread

        if self._is_message(request):
            request = await to_thread.run_sync(self._sendable, request, await request.aread())
        return await self._async_inner.handle_async_request(request)

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._async_inner.aclose()

    def _is_message(self, request: httpx.Request) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        path = request.url.path.rstrip("/")
        return request.method == "POST" and kind == "application/json" and self._terms.destination.sends(path)

    def _sendable(self, request: httpx.Request, content: bytes) -> httpx.Request:
        message = read_message(content)
        made = prepare_message(message, terms=self._terms, **self._options)
        if made is message:
            return request
        old = ("content-length", "transfer-encoding")
        headers = [(name, value) for name, value in request.headers.multi_items() if name not in old]
        return httpx.Request(
            request.method, request.url, headers=headers, content=json.dumps(made), extensions=request.extensions
        )
