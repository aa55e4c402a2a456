"""One session with a mail server: limited in time, encrypted if possible, and safe to repeat."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from pathlib import Path
from threading import Event, Thread, Timer
from threading import enumerate as enumerate_threads

import pytest

from app.mail import smtp
from app.mail.delivery import wait_before
from app.mail.smtp import LeaseLostError, SendError
from tests.mail_server import make_certificate, serve_mail
from tests.waiting import HANG


def make_message(local: str = "ana") -> EmailMessage:
    made = EmailMessage(SMTP)
    made["Message-ID"] = "<1@example.com>"
    made["From"] = Address("Contas", addr_spec="contas@example.com")
    made["To"] = Address(username=local, domain="example.com")
    made["Subject"] = "Olá"
    made.set_content(".\r\n.ponto\r\n", cte="quoted-printable")
    return made


def send(url: str, seconds: float = HANG, still_ours=lambda: True, **changes: str) -> None:
    smtp.MailServer.at(url, seconds).send(make_message(**changes), still_ours)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def run_talking_server(*lines: bytes, every: float) -> Iterator[str]:
    """Run a server that sends these lines repeatedly, one `every` seconds, and reads nothing."""

    def speak() -> None:
        connection, _ = listener.accept()
        stop = time.monotonic() + HANG  # the client must have disconnected long before
        with connection:
            try:
                while time.monotonic() < stop:
                    for line in lines:
                        connection.sendall(line)
                        time.sleep(every)
            except OSError:
                return  # the client has disconnected

    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaker = Thread(target=speak)
        speaker.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        speaker.join()


def test_the_text_arrives_as_it_is() -> None:
    with serve_mail() as server:
        send(server.url)
    (accepted,) = server.accepted
    assert accepted.get_content() == ".\r\n.ponto\r\n"
    assert accepted["Subject"] == "Olá"
    assert server.recipients == ["ana@example.com"]
    assert server.tls == [False]


def test_sends_to_an_address_with_non_ascii_letters() -> None:
    with serve_mail() as server:
        send(server.url, local="joão")
    assert server.recipients == ["joão@example.com"]
    assert "To: joão@example.com".encode() in server.accepted[0].as_bytes(policy=SMTPUTF8)


def test_uses_starttls_if_it_is_offered(tls: ssl.SSLContext) -> None:
    with serve_mail(tls=tls) as server:
        send(server.url)
    assert server.tls == [True]


def test_required_starttls_needs_a_trusted_certificate(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_mail(tls=tls, scheme="smtp+starttls") as server:
        with pytest.raises(SendError, match="greeting: SSLCertVerificationError"):
            send(server.url)
        assert server.accepted == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        send(server.url)
    assert server.tls == [True]


def test_required_starttls_that_is_not_offered_is_a_failure() -> None:
    with (
        serve_mail(scheme="smtp+starttls") as server,
        pytest.raises(SendError, match="greeting: SMTPNotSupportedError"),
    ):
        send(server.url)
    assert server.accepted == []


def test_a_password_is_not_sent_unencrypted() -> None:
    with serve_mail() as server:
        url = server.url.replace("://", "://contas:segredo@")
        with pytest.raises(SendError, match="greeting: SMTPNotSupportedError"):
            send(url)
    assert server.accepted == []
    assert "segredo" not in repr(smtp.MailServer.at(url, 10))


def test_reads_every_part_of_a_server_url() -> None:
    server = smtp.MailServer.at("smtp+starttls://ana%40x:p%3Aq@mail.example.com", 10)
    assert (server.host, server.port) == ("mail.example.com", 587)
    assert (server.user, server.password) == ("ana@x", "p:q")
    assert smtp.MailServer.at("smtp://[::1]:2525", 10).host == "::1"
    assert smtp.MailServer.at("smtps://mail.example.com", 10).port == 465


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_has_its_stage_and_codes_but_no_address(command: str) -> None:
    stage = {"MAIL": "sender", "RCPT": "recipient", "DATA": "text"}[command]
    with serve_mail() as server:
        server.at[command] = ["550 5.7.1 ana@example.com is not wanted"]
        with pytest.raises(SendError) as refused:
            send(server.url)
    assert str(refused.value) == f"{stage}: 550 5.7.1"
    assert server.accepted == []


def test_sends_nothing_of_a_mail_whose_lease_was_lost() -> None:
    with serve_mail() as server:
        with pytest.raises(LeaseLostError):
            send(server.url, still_ours=lambda: False)
        send(server.url)
    assert len(server.accepted) == 1


def test_disconnects_from_a_slow_server() -> None:
    with run_talking_server(b"2", b"2", b"0", b"-", b"x\r\n", every=0.1) as address:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtp://{address}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


def test_disconnects_from_a_server_that_is_slow_in_the_handshake() -> None:
    with run_talking_server(
        b"\x16", b"\x03", b"\x03", b"\x40", b"\x00", *[b"\x02"] * 99, every=0.1
    ) as address:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtps://{address}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


def test_disconnects_from_a_silent_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtp://127.0.0.1:{listener.getsockname()[1]}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


@pytest.mark.parametrize(
    ("command", "stage"), [("EHLO", "greeting"), ("RCPT", "recipient"), ("DATA", "text")]
)
def test_disconnects_from_a_server_that_does_not_answer_a_command(command: str, stage: str) -> None:
    released = Event()
    with serve_mail() as server:
        server.at[command] = [lambda: released.wait(30) and None]
        try:
            with pytest.raises(SendError, match=f"{stage}: SMTPServerDisconnected"):
                send(server.url, seconds=0.5)
        finally:
            released.set()


def test_does_not_wait_for_the_answer_to_quit() -> None:
    released, answered = Event(), Event()

    def answer_late() -> None:
        released.wait(30)
        answered.set()

    with serve_mail() as server:
        server.at["QUIT"] = [answer_late]
        send(server.url)
        assert not answered.is_set()
        released.set()
        assert len(server.accepted) == 1


def test_leaves_no_timer_running(tls: ssl.SSLContext) -> None:
    with serve_mail(tls=tls, scheme="smtp+starttls") as server, pytest.raises(SendError):
        send(server.url, seconds=60)
    with serve_mail() as server:
        send(server.url, seconds=60)
    with (
        run_talking_server(b"554 No\r\n", every=0.1) as address,
        pytest.raises(SendError, match="connection: 554"),
    ):
        send(f"smtp://{address}", seconds=60)
    with (
        run_talking_server(b"no TLS\r\n", every=0.1) as address,
        pytest.raises(SendError, match="SSLError"),
    ):
        send(f"smtps://{address}", seconds=60)
    running = [t for t in enumerate_threads() if isinstance(t, Timer)]
    for timer in running:
        timer.join(1)
    assert not any(timer.is_alive() for timer in running)


def test_retry_delays_double_up_to_an_hour_with_jitter() -> None:
    full = {2: 30, 3: 60, 4: 120, 5: 240, 8: 1920, 9: 3600, 40: 3600}
    for attempt, longest in full.items():
        waits = [wait_before(attempt, 30) for _ in range(200)]
        assert longest * 0.75 <= min(waits) < max(waits) <= longest
