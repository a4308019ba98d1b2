"""The pre-send hook inside httpx: a transport that makes every message sendable on its way out.

client = httpx.Client(transport=SendableTransport(agree("engagelab", host="/srv/www/media", public_url="https://…")))
client.post("https://wa.api.engagelab.cc/v1/messages", json=message, auth=(key, secret))
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from mediaprep.presend import prepare_message
from mediaprep.terms import Terms


class SendableTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands every request on to `inner`; the JSON of a POST to the destination's message address goes through
    `prepare_message` first, with `options` as there. For `httpx.Client` and `httpx.AsyncClient`.

    Raises `NotSendable` from the client's call, and nothing is sent.
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
        self._inner = inner
        self._async_inner = async_inner
        self._options = options

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._inner = self._inner or httpx.HTTPTransport()
        if self._is_message(request):
            request = self._sendable(request, request.read())
        return self._inner.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from anyio import to_thread

        self._async_inner = self._async_inner or httpx.AsyncHTTPTransport()
        if self._is_message(request):
            request = await to_thread.run_sync(self._sendable, request, await request.aread())
        return await self._async_inner.handle_async_request(request)

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()

    async def aclose(self) -> None:
        if self._async_inner is not None:
            await self._async_inner.aclose()

    def _is_message(self, request: httpx.Request) -> bool:
        kind = request.headers.get("content-type", "")
        return (
            request.method == "POST"
            and kind.startswith("application/json")
            and self._terms.destination.sends(request.url.path)
        )

    def _sendable(self, request: httpx.Request, content: bytes) -> httpx.Request:
        message = prepare_message(json.loads(content), terms=self._terms, **self._options)
        headers = httpx.Headers([pair for pair in request.headers.multi_items() if pair[0] != "content-length"])
        return httpx.Request(request.method, request.url, headers=headers, json=message, extensions=request.extensions)
