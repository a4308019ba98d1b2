"""Which addresses are anybody's, and how links are taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaprep.errors import Refused, UsageError
from mediaprep.network.addresses import address, allowed_name, is_public


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
        *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1"),
        *("192.88.99.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"),
        *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::a00:1", "64:ff9b:1::8.8.8.8"),
        *("100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1"),
        *("2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "2606:4700::5efe:7f00:1"),
        "2606:4700::200:5efe:8.8.8.8",
    ],
)
def test_what_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    "text",
    [
        *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1"),
        *("198.17.255.255", "198.20.0.1", "223.255.255.255", "11.0.0.1", "126.255.255.255", "128.0.0.1"),
        *("2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
    ],
)
def test_what_is_public(text: str) -> None:
    assert is_public(text)


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_knows_to_be_private(found: object) -> None:
    """Python 3.11 calls fewer addresses private than ours; none may be missed but the way through NAT64."""
    from ipaddress import IPv4Address, IPv6Address

    assert isinstance(found, IPv4Address | IPv6Address)
    local = found.is_private or found.is_loopback or found.is_link_local or found.is_multicast or found.is_reserved
    wrapped = isinstance(found, IPv6Address) and (found.ipv4_mapped is not None or int(found) >> 32 == 0x64FF9B << 64)
    if local and not wrapped:
        assert not is_public(str(found))


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("HTTP://example.com:80/a b.jpg#top", "http://example.com/a%20b.jpg"),
        ("https://example.com.:8443?x=1&y=%2F", "https://example.com:8443/?x=1&y=%2F"),
        ("https://bücher.example/ü?ö", "https://xn--bcher-kva.example/%C3%BC?%C3%B6"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("http://\uff11\uff12\uff17.0.0.1/a", "http://127.0.0.1/a"),
        ("http://[2001:DB8::1]:81/a", "http://[2001:db8::1]:81/a"),
        ("https://example.com/?X-Amz-Signature=a%3D&b[]=c|d~e", "https://example.com/?X-Amz-Signature=a%3D&b[]=c|d~e"),
    ],
)
def test_links_have_one_form(url: str, whole: str) -> None:
    assert address(url).url == whole
    assert address(whole).url == whole


def test_a_link_is_asked_for_at_a_literal_address() -> None:
    found = address("https://cdn.example.com:8443/a?b")
    assert (found.authority, found.origin) == ("cdn.example.com:8443", "https://cdn.example.com:8443")
    assert found.at("192.0.2.7") == "https://192.0.2.7:8443/a?b"
    assert found.at("2001:db8::7") == "https://[2001:db8::7]:8443/a?b"
    assert (
        address("https://[::1]/").name == "::1" and address("https://cdn.example.com/").authority == "cdn.example.com"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", '"file"'),
        ("FILE:///etc/passwd", '"file"'),
        ("ftp://example.com/a.jpg", '"ftp"'),
        ("data:image/png;base64,AAAA", '"data"'),
        ("concat:http://example.com/a|file:///etc/passwd", '"concat"'),
        ("clip.mov", "supported: http, https"),
        ("http:///a.jpg", "no host name"),
        ("https://?a", "no host name"),
        ("https://user:canary-secret-login@example.com/a.jpg", "password"),
        ("https://canary-secret-login@example.com/a.jpg", "password"),
        ("http://127.0.0.1:80\\@example.com/a.jpg", "password"),
        ("http://example.com\\.evil.example/a", "invalid host name"),
        ("http://127.0.0.1%00.example.com/a", "invalid host name"),
        ("http://a b.example/", "invalid host name"),
        ("http://example.com/a\r\nX-Injected: canary-secret-header", "control characters"),
        ("http://exa\tmple.com/", "control characters"),
        ("http://example.com/\ud800", "invalid Unicode"),
        ("http://[::1", "invalid URL"),
        ("http://[fe80::1%25eth0]/", "invalid host name"),
        ("http://[::g]/", "invalid host name|invalid URL"),
        ("http://example.com:99999/", "invalid URL"),
        ("http://example.com:0/", "invalid port"),
        ("http://" + "a" * 300, "invalid host name"),
        ("http://☃\u200d..example/", "invalid host name"),
    ],
)
def test_what_is_no_link_is_said_without_what_it_may_hide(url: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        address(url)
    assert "canary" not in str(caught.value) and not caught.value.temporary


@given(st.text() | st.text().map("http://".__add__))
def test_any_text_is_a_link_or_is_refused(text: str) -> None:
    try:
        whole = address(text).url
    except Refused:
        return
    assert whole.isascii() and whole.isprintable() and " " not in whole and "#" not in whole


def test_redirects_are_links_too() -> None:
    here = address("https://example.com/a/b?c")
    assert here.redirected("../d").url == "https://example.com/d"
    assert here.redirected("//other.example/x#y").url == "https://other.example/x"
    for location in ("file:///etc/passwd", "http://[", "https://me:canary-secret-login@example.com", "ftp://a/"):
        with pytest.raises(Refused, match=r"^redirect refused: https://example\.com redirects") as caught:
            here.redirected(location)
        assert "canary" not in str(caught.value)
    with pytest.raises(Refused, match="from https to http"):
        here.redirected("http://example.com/a")
    assert address("http://example.com/").redirected("https://example.com/").scheme == "https"


@pytest.mark.parametrize(
    ("written", "url", "allowed"),
    [
        ("localhost", "http://localhost:8080/", True),
        ("LocalHost", "http://LOCALHOST./", True),
        ("localhost:8080", "http://localhost:8080/", True),
        ("localhost:8080", "http://localhost:8081/", False),
        ("files.lan:443", "https://files.lan/", True),
        ("files.lan", "https://evil.files.lan/", False),
        ("bücher.lan", "https://xn--bcher-kva.lan/", True),
        ("::1", "http://[::1]:80/", True),
        ("[::1]", "http://[::1]/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("127.0.0.1", "http://127.0.0.1/", True),
        ("127.0.0.1", "http://127.1/", False),
    ],
)
def test_hosts_are_allowed_as_they_are_written(written: str, url: str, allowed: bool) -> None:
    assert address(url).is_among(frozenset({allowed_name(written)})) is allowed


@pytest.mark.parametrize("written", ["", "*", "http://files.lan", "files.lan/", "a@b", "10.0.0.0/8", "x:y", "x:99999"])
def test_what_is_no_host_cannot_be_allowed(written: str) -> None:
    with pytest.raises(UsageError, match="invalid --allow-host"):
        allowed_name(written)
