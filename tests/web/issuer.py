"""A small server that signs people in, as OpenID Connect has it: it really signs its tokens, checks the code,
the client and the proof of the code, and can be told to answer wrongly."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "guicheng", "a secret: of the client"


@dataclass
class Issuer:
    """The server. `claims` replace those of its tokens, `header` and `key` how they are signed."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signing: RSAKey | OctKey | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        """What it calls itself."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def open(self) -> Issuer:
        """Begin to serve."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self, issuer.documents().get(urlsplit(self.path).path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.answer(
                    self, issuer.token(dict(parse_qsl(body)), self.headers.get("Authorization", ""))
                )

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is written."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop, unless it has stopped."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def answer(self, request: BaseHTTPRequestHandler, found: dict[str, Any] | None) -> None:
        """Send JSON, or 400 where there is nothing; nothing at all while it is silent."""
        if self.silent:
            return
        request.send_response(200 if found is not None else 400)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(found or {"error": "invalid_request"}).encode())

    def documents(self) -> dict[str, dict[str, Any]]:
        """What may be read."""
        about = {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys",
        }  # fmt: skip
        return {
            "/.well-known/openid-configuration": {**about, **self.discovery},
            "/keys": {"keys": [self.key.as_dict(private=False)]},
        }

    def sign_in(self, address: str, subject: str) -> str:
        """Somebody signs in at the address to which they were sent; gives that to which they come back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "sub": subject}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Change a code for a token, once, for the client that proves that it asked for it."""
        self.asked.append(sent.get("code", ""))
        asked = self.codes.pop(sent.get("code", ""), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ""
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or pair != f"{CLIENT}:a%20secret%3A%20of%20the%20client":
            return None
        if asked["code_challenge"] != proof or asked["redirect_uri"] != sent.get("redirect_uri"):
            return None
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": asked["sub"], "nonce": asked["nonce"], "iat": now,
            "exp": now + 300, **self.claims,
        }  # fmt: skip
        header = {"alg": "RS256", "kid": "one", **self.header}
        signed = jwt.encode(header, claims, self.signing or self.key, algorithms=[header["alg"]])
        return {"id_token": signed, "token_type": "Bearer", "access_token": "x"}
