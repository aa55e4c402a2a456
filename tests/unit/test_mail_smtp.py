"""One conversation with a mail server: bounded, encrypted where it can be, and never too much."""

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


def message(local: str = "ana") -> EmailMessage:
    made = EmailMessage(SMTP)
    made["Message-ID"] = "<1@example.com>"
    made["From"] = Address("Contas", addr_spec="contas@example.com")
    made["To"] = Address(username=local, domain="example.com")
    made["Subject"] = "Olá"
    made.set_content(".\r\n.ponto\r\n", cte="quoted-printable")
    return made


def send(url: str, seconds: float = HANG, still_ours=lambda: True, **changes: str) -> None:
    smtp.MailServer.at(url, seconds).send(message(**changes), still_ours)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody knows."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server shows it with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def speaking(*lines: bytes, every: float) -> Iterator[str]:
    """A server that says these lines over and over, one `every` seconds, and hears nothing."""

    def speak() -> None:
        connection, _ = listener.accept()
        stop = time.monotonic() + HANG  # the client should have gone long before
        with connection:
            try:
                while time.monotonic() < stop:
                    for line in lines:
                        connection.sendall(line)
                        time.sleep(every)
            except OSError:
                return  # the client has gone

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


def test_an_address_with_letters_of_its_own_is_sent_to() -> None:
    with serve_mail() as server:
        send(server.url, local="joão")
    assert server.recipients == ["joão@example.com"]
    assert "To: joão@example.com".encode() in server.accepted[0].as_bytes(policy=SMTPUTF8)


def test_starttls_is_used_where_it_is_offered(tls: ssl.SSLContext) -> None:
    with serve_mail(tls=tls) as server:
        send(server.url)
    assert server.tls == [True]


def test_starttls_is_insisted_on_with_a_certificate_that_is_known(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_mail(tls=tls, scheme="smtp+starttls") as server:
        with pytest.raises(SendError, match="greeting: SSLCertVerificationError"):
            send(server.url)
        assert server.accepted == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        send(server.url)
    assert server.tls == [True]


def test_starttls_that_is_not_offered_is_a_failure_where_it_is_insisted_on() -> None:
    with (
        serve_mail(scheme="smtp+starttls") as server,
        pytest.raises(SendError, match="greeting: SMTPNotSupportedError"),
    ):
        send(server.url)
    assert server.accepted == []


def test_a_password_is_not_sent_in_the_clear() -> None:
    with serve_mail() as server:
        url = server.url.replace("://", "://contas:segredo@")
        with pytest.raises(SendError, match="greeting: SMTPNotSupportedError"):
            send(url)
    assert server.accepted == []
    assert "segredo" not in repr(smtp.MailServer.at(url, 10))


def test_an_address_of_a_server_says_all_of_it() -> None:
    server = smtp.MailServer.at("smtp+starttls://ana%40x:p%3Aq@mail.example.com", 10)
    assert (server.host, server.port) == ("mail.example.com", 587)
    assert (server.user, server.password) == ("ana@x", "p:q")
    assert smtp.MailServer.at("smtp://[::1]:2525", 10).host == "::1"
    assert smtp.MailServer.at("smtps://mail.example.com", 10).port == 465


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_tells_where_and_its_codes_and_no_address(command: str) -> None:
    stage = {"MAIL": "sender", "RCPT": "recipient", "DATA": "text"}[command]
    with serve_mail() as server:
        server.at[command] = ["550 5.7.1 ana@example.com is not wanted"]
        with pytest.raises(SendError) as refused:
            send(server.url)
    assert str(refused.value) == f"{stage}: 550 5.7.1"
    assert server.accepted == []


def test_nothing_is_sent_of_a_mail_that_became_anothers() -> None:
    with serve_mail() as server:
        with pytest.raises(LeaseLostError):
            send(server.url, still_ours=lambda: False)
        send(server.url)
    assert len(server.accepted) == 1


def test_a_server_that_drips_is_cut_off() -> None:
    with speaking(b"2", b"2", b"0", b"-", b"x\r\n", every=0.1) as address:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtp://{address}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


def test_a_server_that_drips_into_the_handshake_is_cut_off() -> None:
    with speaking(
        b"\x16", b"\x03", b"\x03", b"\x40", b"\x00", *[b"\x02"] * 99, every=0.1
    ) as address:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtps://{address}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


def test_a_server_that_is_silent_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(SendError, match="connection: "):
            send(f"smtp://127.0.0.1:{listener.getsockname()[1]}", seconds=1)
        assert 0.9 < time.monotonic() - started < HANG


@pytest.mark.parametrize(
    ("command", "stage"), [("EHLO", "greeting"), ("RCPT", "recipient"), ("DATA", "text")]
)
def test_a_server_that_hangs_at_a_command_is_cut_off(command: str, stage: str) -> None:
    released = Event()
    with serve_mail() as server:
        server.at[command] = [lambda: released.wait(30) and None]
        try:
            with pytest.raises(SendError, match=f"{stage}: SMTPServerDisconnected"):
                send(server.url, seconds=0.5)
        finally:
            released.set()


def test_the_answer_to_quit_is_not_awaited() -> None:
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


def test_no_timer_is_left_running(tls: ssl.SSLContext) -> None:
    with serve_mail(tls=tls, scheme="smtp+starttls") as server, pytest.raises(SendError):
        send(server.url, seconds=60)
    with serve_mail() as server:
        send(server.url, seconds=60)
    with (
        speaking(b"554 No\r\n", every=0.1) as address,
        pytest.raises(SendError, match="connection: 554"),
    ):
        send(f"smtp://{address}", seconds=60)
    with speaking(b"no TLS\r\n", every=0.1) as address, pytest.raises(SendError, match="SSLError"):
        send(f"smtps://{address}", seconds=60)
    running = [t for t in enumerate_threads() if isinstance(t, Timer)]
    for timer in running:
        timer.join(1)
    assert not any(timer.is_alive() for timer in running)


def test_waits_double_up_to_an_hour_and_differ() -> None:
    full = {2: 30, 3: 60, 4: 120, 5: 240, 8: 1920, 9: 3600, 40: 3600}
    for attempt, longest in full.items():
        waits = [wait_before(attempt, 30) for _ in range(200)]
        assert longest * 0.75 <= min(waits) < max(waits) <= longest
