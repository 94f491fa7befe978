import base64
import logging
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from api.delivery import (
    BODY_LIMIT,
    LONGEST_WAIT,
    URL_LIMIT,
    Answer,
    Destinations,
    Sender,
    look_up,
    new_secret,
    next_attempt,
    signed_headers,
)
from tests.web import served
from triage.errors import InputError

BODY = '{"type": "order.closed", "data": {"id": "20261122-17", "topic": "路灯不亮"}}'.encode()
NOW = datetime.now(UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)
INTRANET = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PUBLIC = "93.184.215.14"


def test_a_subscriber_verifies_what_was_signed():
    secret = new_secret()
    headers = signed_headers(secret, "msg_1", NOW, BODY)
    assert Webhook(secret).verify(BODY, headers)["data"]["id"] == "20261122-17"


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW.timestamp()) - 1)}])
def test_a_changed_header_does_not_verify(change):
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, signed_headers(secret, "msg_1", NOW, BODY) | change)


def test_a_changed_body_and_another_secret_do_not_verify():
    secret = new_secret()
    headers = signed_headers(secret, "msg_1", NOW, BODY)
    for body, key in ((BODY + b" ", secret), (BODY, new_secret())):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, headers)


def test_after_a_rotation_either_secret_verifies():
    secret, previous = new_secret(), new_secret()
    headers = signed_headers(secret, "msg_1", NOW, BODY, previous=previous)
    Webhook(secret).verify(BODY, headers)
    Webhook(previous).verify(BODY, headers)
    assert headers["webhook-signature"].split(" ")[0] == signed_headers(secret, "msg_1", NOW, BODY)["webhook-signature"]
    with pytest.raises(WebhookVerificationError):
        Webhook(previous).verify(BODY, signed_headers(secret, "msg_1", NOW, BODY))


def test_a_body_need_not_be_text():
    headers = signed_headers(new_secret(), "msg_1", datetime(2026, 11, 22, 8, tzinfo=UTC), b"\xff\x00")
    assert headers["webhook-timestamp"] == "1795334400"
    assert headers["webhook-signature"].startswith("v1,")


def test_every_secret_is_its_own_and_has_256_bits():
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32 for secret in secrets)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_AAAA", "whsec_***", "whsec_密钥", new_secret().removeprefix("whsec_"), new_secret()[:-1]],
    ids=["empty", "only the prefix", "too short", "no base64", "Chinese", "without the prefix", "torn off"],
)
def test_a_secret_that_is_none_is_refused_without_repeating_it(secret):
    with pytest.raises(InputError) as refused:
        signed_headers(secret, "msg_1", NOW, BODY)
    assert (refused.value.code, refused.value.field) == ("bad_webhook_secret", "secret")
    assert len(secret) < 8 or secret not in str(refused.value)


@pytest.mark.parametrize("message", ["", "1.2", "msg 1", "msg\r\nX-Evil: 1", "消息"])
def test_an_id_that_would_blur_what_is_signed_is_a_mistake(message):
    with pytest.raises(ValueError, match="no id of a message"):
        signed_headers(new_secret(), message, NOW, BODY)


def refusal(url, *networks):
    with pytest.raises(InputError) as refused:
        Destinations(networks=networks).check_url(url)
    assert (refused.value.code, refused.value.field) == ("bad_webhook_url", "url")
    return refused.value.message


NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - refused
    "0.255.255.255",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.19.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]
NOT_PUBLIC_6 = [
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001:0:7f00:1::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
ALWAYS_PUBLIC = [
    PUBLIC,
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "223.5.5.5",
    "2400:3200::1",
    "2001:4860:4860::8888",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC + NOT_PUBLIC_6)
def test_an_address_that_is_not_public_is_refused(address):
    assert not Destinations().allows(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert "may not be reached" in refusal(f"https://{host}/hook")
    assert "may not be reached" in refusal(f"https://{host}:8443/hook", ip_network("10.99.0.0/16"))


@pytest.mark.parametrize("address", ALWAYS_PUBLIC)
def test_a_public_address_is_reached_by_https_alone(address):
    assert Destinations().allows(ip_address(address))
    assert not Destinations(networks=INTRANET).allows(ip_address(address), plain=True)
    host = f"[{address}]" if ":" in address else address
    Destinations().check_url(f"https://{host}/hook")
    refusal(f"http://{host}/hook", *INTRANET)


@pytest.mark.parametrize("host", ["10.1.2.3", "[fd00::8]", "[::ffff:10.1.2.3]", "[64:ff9b::10.1.2.3]"])
@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
def test_a_network_that_is_listed_is_reached_either_way(host, scheme):
    Destinations(networks=INTRANET).check_url(f"{scheme}://{host}:8080/hook")


@pytest.mark.parametrize("host", ["192.168.0.1", "[fe80::1]", "127.0.0.1", "localhost", "[2002:a01:203::1]"])
def test_a_listed_network_opens_no_other(host):
    refusal(f"http://{host}/hook", *INTRANET)


@given(st.ip_addresses())
def test_what_python_knows_to_be_no_global_address_is_never_reached(address):
    assert address.is_global or not Destinations().allows(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_is_judged_as_itself(address):
    for destinations in (Destinations(), Destinations(networks=INTRANET)):
        judged = destinations.allows(address)
        assert destinations.allows(IPv6Address(f"::ffff:{address}")) == judged
        assert destinations.allows(IPv6Address(f"64:ff9b::{address}")) == judged


@given(data=st.data(), parts=st.integers(1, 4))
def test_no_spelling_that_the_system_reads_as_a_private_address_gets_through(data, parts):
    address = data.draw(st.sampled_from(NOT_PUBLIC).map(IPv4Address))
    *firsts, _ = address.packed[: parts - 1] + b"x"
    numbers = [*firsts, int.from_bytes(address.packed[parts - 1 :], "big")]
    formats = data.draw(st.lists(st.sampled_from(["{}", "0{:o}", "000{:o}", "0x{:x}", "0X{:08X}"]), min_size=4))
    host = ".".join(form.format(number) for form, number in zip(formats, numbers, strict=False))
    assert socket.inet_aton(host) == address.packed
    refusal(f"https://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.0x1",
        "127.0.0.01",
        "256.256.256.256",
        "1.2.3.4.5",
        "127.0.0.1.",
        "localhost.",
        "127.0.0.1..",
        "\uff11\uff12\uff17.0.0.1",
        "\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11",
        "127。0。0。1.",
        "①②⑦.0.0.1",
        "٣.0.0.1",
        "%31%32%37.0.0.1",
        "[::1%25lo]",
        "[fe80::1%eth0]",
        "[127.0.0.1]",
        "[::1",
        "::1",
        "[::1]evil.example",
        "[v1.fe]",
        "0x",
        "",
        ".",
        "..",
        ".example",
        "a..b",
        "example.",
        "xn--.example",
        "-a.example",
        "a-.example",
        "a" * 64 + ".example",
        "a." * 127 + "ab",
        "a b.example",
        "a\tb.example",
        "a\\b.example",
        "a\nb.example",
        "a　b.example",
        "\ud800.example",
        "a!b.example",
    ],
)
def test_a_host_in_an_odd_spelling_is_refused_wherever_it_leads(host):
    refusal(f"https://{host}/hook", ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "\uff4cocalhost", "a.localhost", "127。0。0。1", "127\uff610\uff610\uff611"]
)
def test_what_is_known_to_lead_to_this_machine_is_refused(host):
    refusal(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "//hook.example/a",
        "/hook",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "http\u017f://hook.example/",
        "unix:/run/docker.sock",
        "https:hook.example",
        "https:/hook.example/",
        "https:///hook",
        " https://hook.example/",
        "https://user@hook.example/",
        "https://user:word@hook.example/",
        "https://@hook.example/",
        "https://hook.example@127.0.0.1/",
        "https://127.0.0.1\\@hook.example/",
        "https://hook.example/#",
        "https://hook.example/a#b",
        "https://hook.example:/",
        "https://hook.example:0/",
        "https://hook.example:65536/",
        "https://hook.example:" + "9" * 1_900,
        "https://hook.example:-1/",
        "https://hook.example:8_0/",
        "https://hook.example:٨٠/",
        "https://hook.example: 80/",
        "https://hook.example:443:443/",
        "https://hook.example/a\r\nX-Evil: 1",
        "https://hook.example/\x00",
        "https://hook.example/\ud800",
        "https://hook.example/" + "a" * URL_LIMIT,
    ],
)
def test_a_url_that_is_none_of_ours_is_refused(url):
    refusal(url)
    refusal(url, ip_network("0.0.0.0/0"))


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.example",
        "HTTPS://Hook.Example:8443/a/b?c=d&e=%2F",
        "https://hook.example?key=1",
        "https://政务.example/工单",
        "https://units_12345.gov.example:1/",
        "https://hook.example:65535/",
        "https://a1.b2.example/",
        "https://hook.example/".ljust(URL_LIMIT, "a"),
    ],
)
def test_a_name_is_accepted_before_anyone_looks_it_up(url):
    def nobody(host, port):
        raise AssertionError(host)

    Destinations(lookup=nobody).check_url(url)


def test_http_is_refused_where_no_network_is_listed():
    assert "https" in refusal("http://hook.example/")
    Destinations(networks=INTRANET).check_url("http://hook.example/")


def answering(*addresses):
    return lambda host, port: addresses


def test_all_addresses_of_a_name_are_given_once():
    found = Destinations(lookup=answering(PUBLIC, "2400:3200::1", PUBLIC)).resolve("hook.example", 443)
    assert found == (IPv4Address(PUBLIC), IPv6Address("2400:3200::1"))


@pytest.mark.parametrize("other", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0", "::"])
@pytest.mark.parametrize("first", [True, False])
def test_one_address_that_may_not_be_reached_refuses_the_name(other, first):
    answers = (other, PUBLIC) if first else (PUBLIC, other)
    with pytest.raises(InputError) as refused:
        Destinations(lookup=answering(*answers)).resolve("hook.example", 443)
    assert refused.value.code == "refused_destination"
    assert other not in str(refused.value)


def test_by_http_every_address_must_be_of_a_listed_network():
    mixed = Destinations(networks=INTRANET, lookup=answering("10.0.0.9", PUBLIC))
    assert len(mixed.resolve("hook.example", 443)) == 2
    with pytest.raises(InputError, match="no webhook may go"):
        mixed.resolve("hook.example", 80, plain=True)


def unknown(host, port):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("lookup", [unknown, answering(), answering("nowhere")])
def test_a_name_without_an_address_is_told(lookup):
    with pytest.raises(InputError) as refused:
        Destinations(lookup=lookup).resolve("hook.example", 443)
    assert refused.value.code == "unknown_host"


def test_the_system_is_asked_for_addresses():
    assert set(look_up("127.0.0.1", 80)) == {"127.0.0.1"}
    assert set(look_up("::1", 80)) == {"::1"}


class Subscriber(ThreadingHTTPServer):
    """A server that answers as the path says, and keeps what it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.received = []
        self.names = []
        self.written = 0
        self.hung_up = threading.Event()
        self.over = threading.Event()

    def url(self, path="/status/204", host="127.0.0.1", scheme="http"):
        return f"{scheme}://{host}:{self.server_port}{path}"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers.items()), body))
        act, _, detail = self.path.removeprefix("/").partition("/")
        getattr(self, act)(detail.partition("?")[0])

    def do_GET(self):
        self.server.received.append((self.path, {}, b""))
        self.status("200")

    def status(self, detail, **headers):
        self.send_response(int(detail))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def redirect(self, detail):
        self.status(detail, Location=self.server.url())

    def busy(self, detail):
        self.status("503", Retry_After=detail)

    def silent(self, detail):
        self.server.over.wait()

    def hangup(self, detail):
        self.close_connection = True

    def gibberish(self, detail):
        self.wfile.write(b"SSH-2.0-Paramiko\r\n")
        self.close_connection = True

    def endless(self, detail):
        start = {"headers": b"HTTP/1.1 200 OK\r\n", "body": b"HTTP/1.1 200 OK\r\n\r\n"}[detail]
        self.drip(start, b"X-A: b\r\n", pause=0.02)

    def huge(self, detail):
        self.drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * BODY_LIMIT, pause=0)

    def drip(self, start, piece, *, pause):
        self.close_connection = True
        try:
            self.wfile.write(start)
            while not self.server.over.wait(pause):
                self.wfile.write(piece)
                self.server.written += len(piece)
        except OSError:
            self.server.hung_up.set()

    def log_message(self, *args):
        pass


def serving(wrap=lambda listener: listener):
    subscriber = Subscriber()
    subscriber.socket = wrap(subscriber.socket)
    with served(subscriber):
        yield subscriber
        subscriber.over.set()


@pytest.fixture
def subscriber():
    yield from serving()


def sender(lookup=unknown, *, timeout=5.0, networks=LOOPBACK, **options):
    return Sender(destinations=Destinations(networks=networks, lookup=lookup), timeout=timeout, **options)


def test_a_signed_message_arrives_as_it_was_signed(subscriber):
    secret = new_secret()
    answer = sender().send(subscriber.url("/status/204?key=1"), signed_headers(secret, "msg_1", NOW, BODY), BODY)
    assert (answer, answer.delivered, answer.gone) == (Answer(status=204), True, False)
    [(path, headers, body)] = subscriber.received
    assert path == "/status/204?key=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "Paidan"
    assert body == BODY
    Webhook(secret).verify(body, headers)


def test_a_header_that_is_given_comes_before_the_usual_one_but_never_the_host(subscriber):
    sender().send(subscriber.url(), {"content-type": "text/plain", "host": "evil.example"}, BODY)
    [(_, headers, _)] = subscriber.received
    given = {name.lower(): value for name, value in headers.items()}
    assert given["content-type"] == "text/plain"
    assert given["host"] == f"127.0.0.1:{subscriber.server_port}"


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_is_a_delivery(subscriber, status):
    assert sender().send(subscriber.url(f"/status/{status}"), {}, BODY).delivered


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502, 503])
def test_other_statuses_are_to_be_tried_again(subscriber, status):
    answer = sender().send(subscriber.url(f"/status/{status}"), {}, BODY)
    assert (answer.status, answer.error, answer.delivered, answer.gone) == (status, None, False, False)


def test_410_switches_the_subscription_off(subscriber):
    answer = sender().send(subscriber.url("/status/410"), {}, BODY)
    assert (answer.gone, answer.delivered) == (True, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(subscriber, status):
    answer = sender().send(subscriber.url(f"/redirect/{status}"), {}, BODY)
    assert (answer.status, answer.delivered) == (status, False)
    assert len(subscriber.received) == 1


@pytest.mark.parametrize(
    ("stated", "wait"),
    [
        ("0", timedelta()),
        ("120", timedelta(minutes=2)),
        ("86401", LONGEST_WAIT),
        ("9" * 1_900, LONGEST_WAIT),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Sun,%2022%20Nov%202026%2008:00:00%20GMT", None),
    ],
)
def test_a_subscriber_may_ask_for_time_in_seconds(subscriber, stated, wait):
    answer = sender().send(subscriber.url(f"/busy/{stated}"), {}, BODY)
    assert (answer.status, answer.retry_after) == (503, wait)


@pytest.mark.parametrize("path", ["/silent", "/endless/headers"])
def test_a_subscriber_has_a_time_for_its_whole_answer(subscriber, path):
    assert sender(timeout=0.2).send(subscriber.url(path), {}, BODY) == Answer(error="timeout")


def test_a_delivery_counts_though_the_answer_never_ends(subscriber):
    assert sender().send(subscriber.url("/endless/body"), {}, BODY) == Answer(status=200)
    assert subscriber.hung_up.wait(5)


def test_a_huge_answer_is_not_read_to_its_end(subscriber):
    assert sender().send(subscriber.url("/huge"), {}, BODY) == Answer(status=200)
    assert subscriber.hung_up.wait(5)
    assert subscriber.written < 64 * 1024 * 1024


@pytest.mark.parametrize("path", ["/hangup", "/gibberish"])
def test_what_is_no_http_is_told(subscriber, path):
    assert sender().send(subscriber.url(path), {}, BODY) == Answer(error="no_http")


@pytest.fixture
def closed_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_refused_connection_is_told_without_the_address(closed_port):
    answer = sender().send(f"http://127.0.0.1:{closed_port}/", {}, BODY)
    assert answer == Answer(error="unreachable")


@pytest.mark.parametrize(
    ("url", "lookup", "error"),
    [
        ("https://hook.example/", unknown, "unknown_host"),
        ("https://hook.example/", answering("10.0.0.1"), "refused_destination"),
        ("https://hook.example/", answering(PUBLIC, "10.0.0.1"), "refused_destination"),
        ("http://hook.example/", answering(PUBLIC), "refused_destination"),
        ("https://10.0.0.1/", unknown, "refused_destination"),
        ("http://1.1.1.1/", unknown, "refused_destination"),
        ("ftp://127.0.0.1/", unknown, "bad_webhook_url"),
        ("https://2130706433/", unknown, "bad_webhook_url"),
    ],
)
def test_nothing_is_sent_where_it_may_not_go(url, lookup, error):
    assert sender(lookup).send(url, {}, BODY) == Answer(error=error)


def test_it_connects_to_the_address_that_was_checked_and_names_the_host(subscriber):
    asked = []

    def once(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    # Nobody but `once` knows this name, so a second lookup would fail.
    assert sender(once).send(subscriber.url(host="Hook.example"), {}, BODY).delivered
    assert asked == [("hook.example", subscriber.server_port)]
    assert subscriber.received[0][1]["Host"] == f"hook.example:{subscriber.server_port}"


def test_a_name_that_is_bound_anew_is_checked_anew(subscriber):
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    rebound = sender(lambda host, port: next(answers))
    url = subscriber.url(host="hook.example")
    assert rebound.send(url, {}, BODY).delivered
    assert rebound.send(url, {}, BODY) == Answer(error="refused_destination")


def test_the_next_address_is_tried_when_nobody_listens_at_the_first(subscriber):
    several = sender(answering("127.0.0.2", "127.0.0.3", "127.0.0.1"))
    assert several.send(subscriber.url(host="hook.example"), {}, BODY).delivered
    assert len(subscriber.received) == 1


def test_what_was_sent_is_not_sent_to_another_address_as_well(subscriber):
    several = sender(answering("127.0.0.1", "127.0.0.2"))
    assert several.send(subscriber.url("/hangup", host="hook.example"), {}, BODY) == Answer(error="no_http")
    assert len(subscriber.received) == 1


def test_proxies_of_the_environment_are_not_used(subscriber, monkeypatch, closed_port):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert sender().send(subscriber.url(), {}, BODY).delivered


def test_the_log_tells_no_address(subscriber, caplog):
    with caplog.at_level(logging.INFO):
        sender().send(subscriber.url("/status/204?key=1"), {}, BODY)
    assert caplog.text == ""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of hook.example and 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example")])
    names = [x509.DNSName("hook.example"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "hook.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(certificate):
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda connection, name, context: names.append(name)
    for subscriber in serving(lambda listener: context.wrap_socket(listener, server_side=True)):
        subscriber.names = names
        yield subscriber


@pytest.fixture
def trusting(certificate):
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(certificate)
    return sender(answering("127.0.0.1"), trust=trust)


def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(secure, trusting):
    answer = trusting.send(secure.url(host="hook.example", scheme="https"), {}, BODY)
    assert answer == Answer(status=204)
    assert secure.names == ["hook.example"]
    assert secure.received[0][1]["Host"] == f"hook.example:{secure.server_port}"


def test_a_certificate_may_be_of_an_address(secure, trusting):
    assert trusting.send(secure.url(scheme="https"), {}, BODY).delivered


def test_a_certificate_of_another_name_is_not_trusted(secure, trusting):
    answer = trusting.send(secure.url(host="other.example", scheme="https"), {}, BODY)
    assert answer == Answer(error="untrusted_certificate")
    assert secure.received == []


@pytest.mark.parametrize("host", ["a_b.example", "xn--a.example", "政务.example", "ab--c.example", "x"])
def test_an_odd_name_is_told_as_any_other(secure, trusting, host):
    assert trusting.send(secure.url(host=host, scheme="https"), {}, BODY) == Answer(error="untrusted_certificate")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secure):
    answer = sender(answering("127.0.0.1")).send(secure.url(host="hook.example", scheme="https"), {}, BODY)
    assert answer == Answer(error="untrusted_certificate")


def test_https_to_a_server_that_speaks_http_is_told(subscriber, trusting):
    answer = trusting.send(subscriber.url(host="hook.example", scheme="https"), {}, BODY)
    assert answer == Answer(error="broken_tls")


def test_http_to_a_server_that_speaks_https_is_told(secure, trusting):
    answer = trusting.send(secure.url(host="hook.example"), {}, BODY)
    assert (answer.delivered, answer.status) == (False, None)


def test_the_waits_grow_to_a_day_and_then_the_message_is_dead():
    waits = [next_attempt(attempts, draw=Random(attempts)) for attempts in range(11)]
    assert waits[0] == timedelta()
    assert waits[10] is None
    meant = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert [round(wait / timedelta(seconds=seconds)) for wait, seconds in zip(waits[1:10], meant, strict=True)] == [
        1
    ] * 9
    assert next_attempt(99, draw=Random(0), retry_after=timedelta(hours=1)) is None


@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_a_wait_is_scattered_by_a_fifth(attempts, draw):
    meant = next_attempt(attempts, draw=Middle())
    assert 0.8 <= next_attempt(attempts, draw=draw) / meant <= 1.2


class Middle(Random):
    def uniform(self, a, b):
        return (a + b) / 2


def test_waits_differ_from_one_another():
    draw = Random(7)
    assert len({next_attempt(5, draw=draw) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (None, timedelta(minutes=5)),
        (timedelta(seconds=1), timedelta(minutes=5)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=9), LONGEST_WAIT),
    ],
)
def test_a_subscriber_can_lengthen_a_wait_and_not_shorten_it(asked, wait):
    assert next_attempt(2, draw=Middle(), retry_after=asked) == wait
