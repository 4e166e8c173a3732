"""Letters on their way: SMTP, a webhook, the HTTP interface of an SMS gateway.

A letter holds what its channel may carry and no more; certificates are checked, redirects
are not followed, and every wait ends. A password goes only over TLS, and what a server
answers is told as its code alone: servers repeat what they were sent.
"""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

from detente.node.notice_settings import LOGIN_NEEDS_TLS, Route
from detente.response.notification import Letter, Sort
from detente.storage.errors import StorageFault

_TIMEOUT_S = 15.0
_FAULT_CHARS = 200


def deliver(letter: Letter, route: Route, directory: Path) -> str:
    """Send one letter; return why it did not go, "" where it did.

    Args:
        letter: what goes.
        route: of its channel.
        directory: of the node, where its secrets are.
    """
    try:
        secret = route.secret(directory)
        if letter.sort is Sort.MAIL:
            _mail(letter, route, secret)
            return ""
        return _post(letter, route, secret)
    except (OSError, smtplib.SMTPException, ValueError, StorageFault) as error:
        return "".join(sign for sign in _reason(error) if sign.isprintable())[:_FAULT_CHARS]


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the mail server refused the login with {error.smtp_code}"
        case smtplib.SMTPResponseException():
            return f"the mail server answered {error.smtp_code}"
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
            return f"the mail server refused the address with {', '.join(map(str, codes))}"
        case UnicodeError():
            return "the address or the secret has a sign that this channel does not take"
        case _:
            return f"{type(error).__name__}: {error}"


def _mail(letter: Letter, route: Route, secret: str) -> None:
    if route.user and route.tls == "none":
        raise ValueError(LOGIN_NEEDS_TLS)
    message = EmailMessage()
    message["From"], message["To"] = route.sender, letter.address
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(letter.text)
    context = ssl.create_default_context(cafile=route.authority or None)
    if route.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            route.host, route.port, timeout=_TIMEOUT_S, context=context
        )
    else:
        server = smtplib.SMTP(route.host, route.port, timeout=_TIMEOUT_S)
    with server:
        if route.tls == "starttls":
            server.starttls(context=context)
        if route.user:
            server.login(route.user, secret)
        refused = server.send_message(message)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def _post(letter: Letter, route: Route, secret: str) -> str:
    import httpx

    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body = {"to": letter.address, "text": letter.text}
    if letter.sort is Sort.WEBHOOK:
        body["subject"] = letter.subject
    try:
        answer = httpx.post(
            route.url, json=body, headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"[:_FAULT_CHARS]
    return "" if answer.is_success else f"it answered {answer.status_code}"
