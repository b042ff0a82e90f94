"""The only module that speaks to the mail server.

Each mail has a hard deadline: smtplib's own time-out counts anew with every byte, so a
server that drips could hold it for hours.
"""

import math
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from assignments.mail_encoding import EXACT
from assignments.smtp_replies import FINAL, RefusalMeaning, SmtpStep, meaning_of

NO_SMTPUTF8 = (
    "The mail server takes no address with characters like “ü” before the @. "
    "Put another one in under Team or Logins."
)


class MailTrouble(Exception):
    """The server is at fault, not one mail: the queue waits. The text is for people."""


class TryLater(Exception):
    """The mail did not go through, or perhaps it did; another one may."""


class ServerRefusal(TryLater):
    """The mail was refused for a reason that any mail of ours may meet."""


class RefusedForGood(Exception):
    """The server refused this mail for good."""


class _LineUsedUp(Exception):
    """This connection has carried enough mails; another goes on."""


def is_on() -> bool:
    return "default" in mail.mailers


class DeadlineWatch:
    """A deadline that cuts the connection when it is over, whatever the other side
    does.
    """

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._ends = math.inf

    @contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        self._ends = time.monotonic() + seconds
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._ends = math.inf

    def left(self) -> float:
        return max(0.1, self._ends - time.monotonic())

    def is_over(self) -> bool:
        return time.monotonic() >= self._ends

    def keep(self, line: socket.socket | None) -> None:
        """Keep `line`, which the deadline cuts, and close the one kept before.

        None: keep none.
        """
        if self._line is not None:
            self._line.close()
        self._line = line

    def _cut(self) -> None:
        if self._line is not None:
            with suppress(OSError):  # it is closed already
                self._line.shutdown(socket.SHUT_RDWR)


class Backend(EmailBackend):
    """Django's SMTP backend on a connection with a deadline."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watch = DeadlineWatch()

    @property
    def connection_class(self) -> Any:
        return _watched(smtplib.SMTP_SSL if self.use_ssl else smtplib.SMTP, self.watch)

    def open(self) -> bool | None:
        """Connect, greet and sign in; return True if this opened a new connection.

        False if one was open. The greeting belongs here, as a server that does not
        answer is not one mail's fault. Errors of smtplib and the socket pass through.
        """
        is_new = super().open()
        if is_new and self.connection is not None:
            self.connection.ehlo_or_helo_if_needed()
        return is_new

    def _send(self, email_message: EmailMessage) -> bool:
        """Send a mail with header fields of our own; return True once the server has
        taken it.

        False without a connection or recipients. Raises RefusedForGood if an address
        needs SMTPUTF8 and the server has none; errors of smtplib pass through.
        """
        connection = self.connection
        recipients = email_message.recipients()
        if connection is None or not recipients:
            return False
        is_ascii = all(address.isascii() for address in recipients)
        if not is_ascii and not connection.has_extn("smtputf8"):
            raise RefusedForGood(NO_SMTPUTF8)
        message = email_message.message(policy=EXACT.clone(utf8=not is_ascii))
        connection.sendmail(
            self.prep_address(email_message.from_email),
            [self.prep_address(address, is_ascii) for address in recipients],
            message.as_bytes(),
            mail_options=() if is_ascii else ("SMTPUTF8", "BODY=8BITMIME"),
        )
        return True


def _watched(kind: type[smtplib.SMTP], watch: DeadlineWatch) -> type[smtplib.SMTP]:
    class Watched(kind):  # type: ignore[misc, valid-type]
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            soon = min(timeout, watch.left())
            line = socket.create_connection((host, port), soon, self.source_address)
            # Before the line is wrapped: to shake hands for TLS may take for ever too.
            watch.keep(line.dup())
            if watch.is_over():  # to find the server took it all: nobody would cut it
                line.close()
                raise TimeoutError
            if kind is smtplib.SMTP_SSL:
                return self.context.wrap_socket(line, server_hostname=self._host)  # type: ignore[no-any-return]
            return line

    return Watched


class Postman:
    """A sender of several mails on one connection."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._watch: DeadlineWatch = getattr(backend, "watch", None) or DeadlineWatch()
        self._carried = 0  # mails, on the line that is open

    def deliver(self, message: EmailMessage) -> None:
        """Send a mail; return once the server has taken it.

        Connects if needed. Raises MailTrouble, TryLater (ServerRefusal among them) or
        RefusedForGood, and closes the connection then.
        """
        with self._watch.over(settings.MAIL_DEADLINE):
            try:
                self._open()
                try:
                    self._hand_over(message)
                except _LineUsedUp:
                    self._hang_up()
                    self._open()
                    self._hand_over(message)
            except (MailTrouble, TryLater, RefusedForGood):
                self._hang_up()
                raise

    def sign_in(self) -> None:
        """Connect and sign in, if that is not done yet.

        Raises MailTrouble if the server does not answer or does not take our login.
        """
        with self._watch.over(settings.MAIL_DEADLINE):
            self._open()

    def close(self) -> None:
        with self._watch.over(settings.MAIL_TIMEOUT):
            self._hang_up()

    def _hang_up(self) -> None:
        with suppress(OSError, smtplib.SMTPException):
            self._backend.close()
        self._watch.keep(None)
        self._carried = 0

    def _open(self) -> None:
        try:
            self._backend.open()
        except smtplib.SMTPAuthenticationError as error:
            # Without its words: some servers repeat what was said to them.
            raise MailTrouble(
                f"The mail server does not take our user and password "
                f"({error.smtp_code})."
            ) from None
        except UnicodeError:
            raise MailTrouble(
                "The user or password in EMAIL_URL has characters that the mail "
                "server's login does not know."
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailTrouble(
                f"The mail server cannot be reached: {_why(error)}."
            ) from None

    def _hand_over(self, message: EmailMessage) -> None:
        try:
            self._backend.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            [(code, said)] = error.recipients.values()
            raise _refusal(SmtpStep.RECIPIENT, code, said) from None
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code < FINAL and self._carried:
                raise _LineUsedUp from None
            raise _refusal(SmtpStep.SENDER, error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(
                SmtpStep.CONTENT, error.smtp_code, error.smtp_error
            ) from None
        except ValueError as error:
            raise RefusedForGood(f"It cannot be sent: {_plain(str(error))}.") from None
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"The mail server broke off: {_why(error)}.") from None
        self._carried += 1


@contextmanager
def postman() -> Iterator[Postman]:
    man = Postman(mail.mailers.default)
    try:
        yield man
    finally:
        man.close()


def sign_in() -> None:
    """Connect, sign in and close again; nothing is sent.

    Raises MailTrouble as `Postman.sign_in` does.
    """
    with postman() as man:
        man.sign_in()


def _refusal(
    step: SmtpStep, code: int, said: bytes | str
) -> RefusedForGood | TryLater | MailTrouble:
    words = _plain(said)
    match meaning_of(step, code, words):
        case RefusalMeaning.RETURNED:
            return RefusedForGood(f"The mail server said: {code} {words}")
        case RefusalMeaning.LATER:
            return TryLater(f"The mail server said: {code} {words}")
        case RefusalMeaning.SERVER:
            if step is SmtpStep.SENDER and code >= FINAL:
                return MailTrouble(
                    f"The mail server takes no mail from us: {code} {words}."
                )
            return ServerRefusal(
                f"The mail server does not pass our mail on: {code} {words}."
            )


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_plain(error.smtp_error)}"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return _plain(str(error)).rstrip(".") or type(error).__name__


def _plain(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:300]
