"""A password goes to the office's own mail server over TLS, and nowhere else. (notices)"""

import ssl
from base64 import b64encode
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from detente.errors import InputError
from detente.node.clock import now
from detente.node.delivering import deliver
from detente.node.home import Home
from detente.node.notice_settings import LOGIN_NEEDS_TLS, Route, load_notice_settings
from detente.node.noticing import Noticer
from detente.response import Level
from detente.response.notification import Letter, Sort
from detente.statements import Tlp
from detente.storage.notices import NoticeShelf
from tests.edge.running_nodes import free_port

PASSWORD = "correct horse battery"
LETTER = Letter("mail", Sort.MAIL, "lead@office.example", "lead", "[high] notice 1", "nine")


class Office:
    """A mail server: what it was handed, and every login that was tried."""

    def __init__(self):
        self.mails, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append((session.ssl is not None, envelope.content.decode()))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((session.ssl is not None, data.login.decode()))
        if data.password.decode() == PASSWORD:
            return AuthResult(success=True)
        # Some servers repeat what they were sent.
        echo = f"535 no login with {data.password.decode()} {b64encode(data.password).decode()}"
        return AuthResult(success=False, handled=False, message=echo)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for loopback and its key, made here."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.office.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, True, True, False, False),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.fixture
def serve(certificate):
    running = []

    def start(*, tls=True):
        found = Office()
        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        controller = Controller(
            found,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=context,
            authenticator=found.authenticate,
            auth_required=tls,
            auth_require_tls=tls,
        )
        controller.start()
        running.append(controller)
        found.port = controller.port
        return found

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mail.password").write_text(PASSWORD + "\n")
    (tmp_path / "wrong.password").write_text("a secret of another server\n")
    (tmp_path / "two.lines").write_text("first secret\nsecond secret\n")
    return tmp_path


def route(server, certificate, **more):
    said = {"host": "localhost", "port": server.port, "sender": "detente@office.example"}
    said |= {"user": "detente", "secret_file": "mail.password"}
    return Route(**said | {"authority": str(certificate / "cert.pem")} | more)


def test_a_letter_goes_by_starttls_and_login(serve, certificate, folder):
    server = serve()
    assert deliver(LETTER, route(server, certificate), folder) == ""
    assert server.logins == [(True, "detente")]
    ((over_tls, mail),) = server.mails
    assert over_tls
    assert "Subject: [high] notice 1" in mail


def test_a_server_that_offers_no_tls_gets_neither_letter_nor_password(serve, certificate, folder):
    server = serve(tls=False)
    fault = deliver(LETTER, route(server, certificate), folder)
    assert "STARTTLS" in fault
    assert (server.logins, server.mails) == ([], [])
    assert deliver(LETTER, route(server, certificate, tls="none"), folder).endswith(LOGIN_NEEDS_TLS)
    assert (server.logins, server.mails) == ([], [])


def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_login(serve, certificate, folder):
    server = serve()
    fault = deliver(LETTER, route(server, certificate, authority=""), folder)
    assert "CERTIFICATE_VERIFY_FAILED" in fault
    fault = deliver(LETTER, route(server, certificate, host="127.0.0.1"), folder)
    assert "CERTIFICATE_VERIFY_FAILED" in fault  # it is vouched for as localhost alone
    assert (server.logins, server.mails) == ([], [])


def test_no_fault_repeats_the_password_even_if_the_server_does(serve, certificate, folder):
    server = serve()
    refused = deliver(LETTER, route(server, certificate, secret_file="wrong.password"), folder)
    assert refused == "the mail server refused the login with 535"
    assert len(server.logins) >= 1
    unsent = deliver(LETTER, route(server, certificate, user="", secret_file=""), folder)
    assert unsent.startswith("the mail server")
    for sort in Sort:
        letter = Letter("any", sort, "lead@office.example", "lead", "s", "t")
        there = route(server, certificate, secret_file="two.lines", url="http://127.0.0.1:9/")
        fault = deliver(letter, there, folder)
        assert fault == "ValueError: two.lines holds more than one line"
    assert server.mails == []


def test_the_database_of_notices_and_what_is_printed_hold_no_password(
    serve, certificate, tmp_path, capfd
):
    server = serve()
    with Home.create(tmp_path / "office", name="Aurel") as home:
        directory = home.layout.directory
        (directory / "mail.password").write_text("a secret of another server")
        (directory / "ca.pem").write_bytes((certificate / "cert.pem").read_bytes())
        (directory / "notify.toml").write_text(SETTINGS.format(port=server.port))
        settings = load_notice_settings(directory, node="Aurel")
        noticer = Noticer(home, settings, now)
        (tried,) = noticer.test("lead")
        assert tried.fault == "the mail server refused the login with 535"
        assert "a secret of another server" not in repr(settings)
        noticer.add("x", Level.HIGH, Tlp.AMBER, title="Probes", text="nine")
        noticer.turn()
        assert "another server" not in repr(NoticeShelf(home.database).newest(5))
        (directory / "mail.password").write_text(PASSWORD)
        assert [each.fault for each in noticer.test("lead")] == [""]
    assert "another server" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("port", 'tls = "none"\nport', LOGIN_NEEDS_TLS),
        ("secret_file", "# ", "a login has a secret_file"),
    ],
)
def test_settings_that_would_show_a_password_are_refused(tmp_path, old, new, why):
    settings = SETTINGS.format(port=25).replace(old, new, 1)
    (tmp_path / "notify.toml").write_text(settings)
    with pytest.raises(InputError, match=why):
        load_notice_settings(tmp_path, node="Aurel")


SETTINGS = """
[channels.mail]
sort = "mail"
most = "amber"
host = "localhost"
port = {port}
ca_file = "ca.pem"
user = "detente"
secret_file = "mail.password"
from = "detente@office.example"
[people.lead]
mail = "lead@office.example"
[[steps]]
after_minutes = 0
people = ["lead"]
"""
