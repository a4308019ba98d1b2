"""S3-compatible storage: obstore signs the addresses, and the bytes go the way that all bytes go.

A request whose address is signed is one PUT that is there whole or not at all: no parts to clear up, one deadline,
and the same outcomes as everywhere. Source: AWS, "Authenticating Requests: Using Query Parameters" (SigV4).
"""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from mediaprep.destinations.base import Parcel, Receipt
from mediaprep.destinations.variable import Variable
from mediaprep.errors import BadAnswer, Refused, UsageError
from mediaprep.hosts.base import KEPT, Host, Links, disposition, link_to, name_of
from mediaprep.network.addresses import checked
from mediaprep.network.answer import TEMPORARY, WORDS, Answer
from mediaprep.network.web import File, Line

if TYPE_CHECKING:
    from obstore.store import S3Credential

WEEK = datetime.timedelta(days=7)
"""The longest that a signature lives. Source: AWS, as above, `X-Amz-Expires`: at most 604800."""
HOUR = datetime.timedelta(hours=1)
"""How long the signature of an upload lives; storage looks at it when the request begins."""
KEY = Variable(name="AWS_ACCESS_KEY_ID", what="the storage's access key", needed="publish")
SECRET = Variable(name="AWS_SECRET_ACCESS_KEY", what="the storage's secret key", needed="publish")
TOKEN = Variable(name="AWS_SESSION_TOKEN", what="the token of a temporary session, if the keys belong to one")
REGION = Variable(name="AWS_REGION", what="the bucket's region; default: us-east-1")
ENDPOINT = Variable(name="AWS_ENDPOINT_URL", what="the address of storage other than Amazon's")
PASSING = frozenset({"RequestTimeout", "OperationAborted"})
"""Error codes whose status does not say that the same request may succeed later."""


class S3(Host):
    """A bucket, or a prefix in it. Links are under `public_url`, which serves the prefix, or else presigned.

    A presigned GET answers HEAD with 403, since the signature covers the method. The type and the name of a file are
    stored with it by the first upload.
    """

    schemes = ("s3",)
    form = "s3://bucket/prefix"
    links = (
        Links(host="`s3://bucket/prefix`, with `--public-url`", kind="public", content_type="set"),
        Links(
            host="`s3://bucket/prefix`", kind="presigned, at most 7 days (`--valid-for`); only GET", content_type="set"
        ),
    )
    variables = (KEY, SECRET, TOKEN, REGION, ENDPOINT)

    def __init__(
        self,
        where: str,
        *,
        public_url: str = "",
        valid_for: datetime.timedelta | None = None,
        environment: Mapping[str, str],
    ) -> None:
        self._bucket, self._prefix = _split(where)
        self._public = checked(public_url, "--public-url") if public_url else ""
        self._valid_for = WEEK if valid_for is None else valid_for
        if not self._public and not datetime.timedelta(seconds=1) <= self._valid_for <= WEEK:
            raise UsageError(
                "invalid --valid-for: a presigned link is valid for 1 second to 7 days; change it, or use --public-url"
            )
        self.answers_head = bool(self._public)
        self._key = KEY.key(environment).needed()
        self._secret = SECRET.key(environment).needed()
        self._token = TOKEN.key(environment).found
        self._region = REGION.text(environment, "us-east-1")
        named = (environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")).strip()
        # A bucket with dots in its name is no host that AWS' certificate covers.
        self._in_path = bool(named) or "." in self._bucket
        self._endpoint = checked(named, "AWS_ENDPOINT_URL") if named else f"https://s3.{self._region}.amazonaws.com"

    @property
    def account(self) -> str:
        return "/".join(part for part in (self._endpoint, self._bucket, self._prefix) if part)

    @property
    def valid_for(self) -> datetime.timedelta | None:
        return None if self._public else self._valid_for

    def holds(self, parcel: Parcel, line: Line) -> bool:
        # Without the right to list, what is not there is answered with 403: the PUT is the judge.
        there = line.request("HEAD", self._signed("HEAD", name_of(parcel), HOUR))
        return there.ok and there.headers.get("content-length") == str(parcel.bytes)

    def put(self, parcel: Parcel, line: Line) -> Receipt:
        """Raises `Refused` with the storage's own code and words."""
        name = name_of(parcel)
        answer = line.request(
            "PUT",
            self._signed("PUT", name, HOUR),
            headers={"content-disposition": disposition(parcel.filename), "cache-control": KEPT},
            file=File(path=parcel.path, mime=parcel.full_mime),
        )
        if not answer.ok:
            raise self._refusal(answer)
        if "etag" not in answer.headers:
            raise BadAnswer(
                f"{answer.place} returned success without the ETag that S3 sends; check AWS_ENDPOINT_URL",
                status=answer.status,
            )
        return Receipt(value=name)

    def link(self, name: str) -> tuple[str, datetime.datetime | None]:
        """Presigned, it dies earlier than told if it was signed with a session's keys and the session ends."""
        if self._public:
            return link_to(self._public, name), None
        now = datetime.datetime.now(datetime.UTC)
        return self._signed("GET", name, self._valid_for), now + self._valid_for

    def _signed(self, method: Literal["GET", "HEAD", "PUT"], name: str, lifetime: datetime.timedelta) -> str:
        """An address that is good for one method. Nothing is sent, and nothing is taken from elsewhere than here."""
        import obstore
        from obstore.store import S3Store

        def keys() -> S3Credential:
            return {
                "access_key_id": self._key.reveal(),
                "secret_access_key": self._secret.reveal(),
                "token": self._token.reveal() if self._token else None,
                "expires_at": None,
            }

        scheme, _, host = self._endpoint.partition("://")
        store = S3Store(
            self._bucket,
            prefix=self._prefix or None,
            region=self._region,
            aws_endpoint_url_s3=self._endpoint if self._in_path else f"{scheme}://{self._bucket}.{host}",
            virtual_hosted_style_request=not self._in_path,
            skip_signature=False,
            s3_express=False,
            client_options={"allow_http": scheme == "http"},
            credential_provider=keys,
        )
        return obstore.sign(store, method, name, lifetime)

    def _refusal(self, answer: Answer) -> Refused:
        """The error with the code and the message alone: the rest of such a document repeats the signed address."""
        text = answer.body.decode("utf-8", "replace")
        code, message = (_element(tag, text) for tag in ("Code", "Message"))
        if not code:
            return Refused(
                f"{answer.place} returned status {answer.status}, but not as S3 does; check AWS_ENDPOINT_URL",
                temporary=answer.status in TEMPORARY,
                status=answer.status,
                retry_after=answer.retry_after,
            )
        words = f"{code}: {message}"
        for one in (self._key, self._secret, self._token):
            words = one.hide_in(words) if one else words
        return answer.refusal(words + _advice(code), temporary=answer.status in TEMPORARY or code in PASSING)


def _advice(code: str) -> str:
    match code:
        case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError":
            return "; set AWS_REGION to the bucket's region"
        case "NoSuchBucket":
            return "; create the bucket first, or correct --host"
        case "InvalidAccessKeyId" | "SignatureDoesNotMatch":
            return "; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        case "AccessDenied":
            return "; the key needs the permission s3:PutObject there"
        case _:
            return ""


def _element(tag: str, text: str) -> str:
    found = re.search(rf"<{tag}>([^<]*)</{tag}>", text)
    return html.unescape(found[1]).strip()[:WORDS] if found else ""


def _split(where: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`. Source: AWS, "General purpose bucket naming rules"."""
    bucket, _, prefix = where.partition("://")[2].partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]", bucket, re.ASCII):
        raise UsageError("invalid --host: no valid bucket name; expected s3://bucket/prefix")
    prefix = prefix.strip("/")
    parts = prefix.split("/")
    if prefix and (not prefix.isprintable() or any(part in ("", ".", "..") for part in parts)):
        raise UsageError(f"invalid prefix in s3://{bucket}: empty or dotted parts; expected s3://bucket/one/two")
    return bucket, prefix
