"""E-mail through the organiser's own server, which the environment names."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ..errors import InputError

SERVER, SENDER = "HAAQINET_SMTP", "HAAQINET_MAIL_FROM"
SCHEMES = {"smtp": 587, "smtps": 465}  # and their usual ports


def send_mail(to: Sequence[str], subject: str, text: str, seconds: float) -> None:
    """Send a text to some addresses.

    `HAAQINET_SMTP` is smtp://user:password@host:587, which turns to TLS where the server offers it, or smtps://
    for TLS from the start; without user nobody logs in. `HAAQINET_MAIL_FROM` is the sender.

    Args:
        seconds: how long each step may take.

    Raises:
        InputError: where the environment names no such server or no sender; the value is not told.
        OSError: what the server, or the way to it, said: `smtplib.SMTPException` is one. Also where a
            password would go over a line without TLS to another computer.
    """
    sender = os.environ.get(SENDER, "")
    try:
        address = urlsplit(os.environ.get(SERVER, ""))
        host, port = address.hostname or "", address.port or SCHEMES.get(address.scheme, 0)
    except ValueError:
        host, port = "", 0
    if not host or not port or address.scheme not in SCHEMES:
        raise InputError(f"{SERVER} is no server such as smtp://mail.example.org:587")
    if "@" not in sender:
        raise InputError(f"{SENDER} is no sender such as round@example.org")
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    except ValueError as error:  # a line break
        raise InputError(f"mail to {', '.join(to)}: {error}") from None
    message.set_content(text)
    with _connected(address.scheme, host, port, seconds) as server:
        server.ehlo()
        secure = address.scheme == "smtps" or server.has_extn("starttls")
        if address.scheme == "smtp" and secure:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if address.username:
            if not secure and host not in ("localhost", "127.0.0.1", "::1"):
                raise smtplib.SMTPNotSupportedError(f"{host} offers no TLS, so that no password is sent")
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(message)


def _connected(scheme: str, host: str, port: int, seconds: float) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=seconds)
