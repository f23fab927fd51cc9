"""Letters by e-mail, through the relay of the installation."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr

from server.jobs.post_office import Composed, NotCarried
from server.services.channels import Mail
from server.services.wishes import may_reach

SECONDS = 20
"""How long the relay may take for each answer."""


class MailCarrier:
    """Hands each letter to the relay."""

    def __init__(self, settings: Mail) -> None:
        self.settings = settings

    def __call__(self, letter: Composed) -> None:
        """Carry one letter; an address outside the named domains is refused before anybody is asked."""
        if not may_reach(letter.address, self.settings.reached):
            raise NotCarried("the address is outside the domains that the installation names")
        try:
            with self._relay() as relay:
                if self.settings.account:
                    relay.login(self.settings.account, self.settings.password)
                relay.send_message(self.message(letter))
        except smtplib.SMTPAuthenticationError as error:
            raise NotCarried(f"the relay refused the account ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise NotCarried(f"the relay answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _text in error.recipients.values()})
            raise NotCarried(f"the relay refused the recipient ({codes[0]})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotCarried(f"the relay cannot be reached: {type(error).__name__}") from None

    def message(self, letter: Composed) -> EmailMessage:
        """The letter as mail; its id stays the same each time it is tried."""
        made = EmailMessage()
        domain = parseaddr(self.settings.sender)[1].rpartition("@")[2]
        made["From"], made["To"] = self.settings.sender, letter.address
        made["Subject"] = " ".join(letter.subject.split())
        made["Message-ID"] = f"<{letter.tenant_id}.{letter.id}@{domain}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(letter.text)
        return made

    def _relay(self) -> smtplib.SMTP:
        chosen, safe = self.settings, ssl.create_default_context()
        if chosen.security == "tls":
            return smtplib.SMTP_SSL(chosen.host, chosen.port, timeout=SECONDS, context=safe)
        relay = smtplib.SMTP(chosen.host, chosen.port, timeout=SECONDS)
        if chosen.security == "starttls":
            relay.starttls(context=safe)
        return relay
