"""URLs: parsed once, checked as a base for other URLs, and which IP addresses are public. Pure.

The table of networks is our own: what `ipaddress` calls private or global differs between Python versions, and it
counts the carriers' range (100.64.0.0/10) as neither. IPv6 is refused unless it is global unicast, so that ranges that
get a meaning later are refused too.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct

from mediaprep.errors import Refused, UsageError
from mediaprep.network.answer import origin
from mediaprep.record import printable

_PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_AS_IT_IS = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"<>#')
"""Characters of a path and a query that are sent unchanged; all others are percent-encoded."""


class Address(Struct, frozen=True):
    """A parsed http(s) URL, so that nothing parses it a second time in another way.

    `host`: ASCII, in brackets if it is an IPv6 address. `target`: path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """What may be shown: paths and queries may contain keys."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL, in ASCII and without its fragment."""
        return self.origin + self.target

    @property
    def name(self) -> str:
        """The host without brackets, as DNS resolves it."""
        return self.host.strip("[]")

    def at(self, address: str) -> str:
        """The whole URL with an IP address in place of the host name."""
        return f"{self.scheme}://{f'[{address}]' if ':' in address else address}:{self.port}{self.target}"

    def is_among(self, allowed: frozenset[str]) -> bool:
        """Whether this host, or host:port, is one of the names that `allowed_name` returned."""
        return not allowed.isdisjoint({self.host, f"{self.host}:{self.port}"})

    def redirected(self, location: str) -> Address:
        """The target of a `Location` header. Raises `Refused`."""
        try:
            onward = address(urljoin(self.url, location))
        except (ValueError, Refused) as error:
            why = str(error) if isinstance(error, Refused) else "invalid URL"
            raise Refused(f"redirect refused: {self.origin} redirects to a URL that is not accepted: {why}") from None
        if self.scheme == "https" and onward.scheme == "http":
            raise Refused(f"redirect refused: {self.origin} redirects from https to http, which is not secure")
        return onward


def address(url: str) -> Address:
    """Raises `Refused` for anything but a plain http(s) URL; the message shows at most its host."""
    if _UNFIT.search(url):
        raise Refused("invalid URL: it contains control characters or invalid Unicode; copy it again")
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("invalid URL; expected https://host/path") from None
    if parts.scheme not in _PORTS:
        raise Refused(f'unsupported URL scheme: "{printable(parts.scheme)[:20]}"; supported: http, https')
    if "@" in parts.netloc:
        raise Refused("the URL contains a user name or password, which would be recorded; remove it")
    if not name:
        raise Refused("the URL has no host name; expected https://host/path")
    if port == 0:
        raise Refused("invalid port in the URL: 0")
    host = _host(name)
    if not host:
        raise Refused(f'invalid host name: "{printable(name)[:80]}"; expected https://host/path')
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], quote(target, safe=_AS_IT_IS))


def checked(url: str, what: str) -> str:
    """A base URL, to whose path file names are appended: quoted, without the last slash. Raises `UsageError` for an
    invalid URL or one that contains credentials; `what` names the option or the environment variable.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(_host(parts.hostname or "")) and parts.port != 0
    except ValueError:
        usable = False
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise UsageError(
            f"{what} contains a user name or password; credentials are read only from environment variables"
        )
    if not usable or not url.isprintable():
        raise UsageError(f"invalid URL in {what}; expected a URL such as https://cdn.example.com/media")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise UsageError(
            f"{what} ({origin(url)}) has a query or fragment; remove it, because paths are appended to this URL"
        )
    return parts._replace(path=quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")).geturl()


def allowed_name(written: str) -> str:
    """A value of `--allow-host`, host or host:port, in the form that `Address` has. Raises `UsageError`."""
    bare = f"[{written}]" if written.count(":") > 1 and not written.startswith("[") else written
    try:
        parts = urlsplit(f"//{bare}")
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.netloc != bare or "@" in bare:
        raise UsageError(f'invalid --allow-host: "{printable(written)[:80]}"; expected the host name in the link')
    return f"{host}:{port}" if port else host


def _host(name: str) -> str:
    """A host name as DNS and certificates have it; empty if it is invalid."""
    try:
        if ":" in name:
            IPv6Address(name)
            return f"[{name}]" if "%" not in name else ""
        plain = name if name.isascii() else _ascii(name)
    except ValueError:
        return ""
    plain = plain.removesuffix(".")
    return plain if re.fullmatch(r"[a-z0-9._-]{1,253}", plain) else ""


def _ascii(name: str) -> str:
    """Not by Python's own codec, whose IDNA 2003 turns `straße` into `strasse`, another host. Raises `ValueError`."""
    import idna

    return idna.encode(name, uts46=True).decode()


_NOT_PUBLIC = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this host: many systems connect to loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers; some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, reached from its guests alone
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
"""Source: IANA IPv4 Special-Purpose Address Registry (what is not globally reachable), and the ranges above it."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocols: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
"""Source: IANA IPv6 Special-Purpose Address Registry.

Tunnels (6to4, Teredo, ISATAP) and local-use NAT64 (64:ff9b:1::/48) are refused whatever IPv4 address they contain: no
site is published at one, and their target depends on the network that this machine is in.
"""
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The first half of the interface's part of an address (RFC 5214, section 6.1)."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""The only way to IPv4 from networks that have IPv6 alone (RFC 6052), so what is behind it counts."""


def is_public(text: str) -> bool:
    """Whether an IPv4 or IPv6 address is public. Raises `ValueError` if it is neither."""
    found = ipaddress.ip_address(text)
    return _public4(found) if isinstance(found, IPv4Address) else _public6(found)


def _public4(found: IPv4Address) -> bool:
    return not any(found in net for net in _NOT_PUBLIC)


def _public6(found: IPv6Address) -> bool:
    if found.ipv4_mapped is not None:
        return _public4(found.ipv4_mapped)
    if found in _NAT64:
        return _public4(IPv4Address(int(found) & 0xFFFF_FFFF))
    if found not in _GLOBAL_UNICAST or any(found in net for net in _NOT_PUBLIC_6):
        return False
    return int(found) >> 32 & 0xFFFF_FFFF not in _ISATAP
