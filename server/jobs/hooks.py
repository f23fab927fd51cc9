"""Letters by web hook, to the messenger of the installation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from server.jobs.post_office import Composed, NotCarried
from server.services.channels import Channels, Hook

SECONDS = 10
_LARGEST = 64 * 1024


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: only the address that the installation names is asked."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No."""
        return


class HookCarrier:
    """Sends each letter to the web hook of its jurisdiction."""

    def __init__(self, channels: Channels, time: Callable[[], datetime]) -> None:
        self.channels = channels
        self.time = time
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())

    def __call__(self, letter: Composed) -> None:
        """Carry one letter."""
        hook = self.channels.hook_of(letter.tenant_id)
        if hook is None:
            raise NotCarried("no web hook serves this jurisdiction")
        request = self.request(hook, letter)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                said = answer.read(_LARGEST)
        except urllib.error.HTTPError as error:
            raise NotCarried(f"{hook.id} answered {error.code}") from None
        except (OSError, ValueError) as error:
            raise NotCarried(f"{hook.id} cannot be reached: {type(error).__name__}") from None
        _require_taken(hook, said)

    def request(self, hook: Hook, letter: Composed) -> urllib.request.Request:
        """What is asked of a hook, signed where it has a secret."""
        body = json.dumps(_BODIES[hook.style](letter), ensure_ascii=False).encode()
        moment = self.time()
        url = _signed_address(hook, moment) if hook.style == "dingtalk" and hook.secret else hook.url
        request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
        request.add_header("X-Guicheng-Delivery", letter.id)
        if hook.style == "generic" and hook.secret:
            stamp = str(int(moment.timestamp()))
            request.add_header("X-Guicheng-Timestamp", stamp)
            request.add_header("X-Guicheng-Signature", signature(hook.secret, stamp, body))
        return request


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What proves that a message is ours: HMAC-SHA256 (hex) of time stamp, a dot, and body."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _signed_address(hook: Hook, moment: datetime) -> str:
    """钉钉 wants time stamp (ms) and signature in the address."""
    stamp = str(int(moment.timestamp() * 1000))
    digest = hmac.new(hook.secret.encode(), f"{stamp}\n{hook.secret}".encode(), hashlib.sha256).digest()
    mark = "&" if "?" in hook.url else "?"
    return f"{hook.url}{mark}timestamp={stamp}&sign={quote(base64.b64encode(digest), safe='')}"


def _require_taken(hook: Hook, said: bytes) -> None:
    """Messengers answer 200 with a code of their own where they refuse."""
    if hook.style == "generic":
        return
    try:
        code = json.loads(said).get("errcode", 0)
    except (ValueError, AttributeError):
        raise NotCarried(f"{hook.id} answered something else than JSON") from None
    if code:
        raise NotCarried(f"{hook.id} refused the message ({code})")


def _generic(letter: Composed) -> dict[str, Any]:
    return {
        "id": letter.id, "tenant": letter.tenant_id, "event": letter.kind, "to": letter.address,
        "subject": letter.subject, "text": letter.text, "link": letter.link,
    }  # fmt: skip


def _wecom(letter: Composed) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": letter.text, "mentioned_list": [letter.address]}}


def _dingtalk(letter: Composed) -> dict[str, Any]:
    content = f"{letter.text}\n@{letter.address}"
    return {"msgtype": "text", "text": {"content": content}, "at": {"atUserIds": [letter.address]}}


_BODIES = {"generic": _generic, "wecom": _wecom, "dingtalk": _dingtalk}
