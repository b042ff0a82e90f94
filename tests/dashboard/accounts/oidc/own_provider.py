"""An OpenID provider of our own, which can misbehave in every way that we must refuse.

It signs with real keys, and answers over real sockets.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "handoff"
SECRET = "a-secret-of-the-client"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

type Answer = tuple[int, dict[str, Any] | str | Iterator[bytes]]


@dataclass
class OwnProvider:
    issuer: str
    # What is wrong with it: changes of claims and of the header, another key, answers.
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = KEY
    algorithm: str = "RS256"
    discovery: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    skew: int = 0  # seconds that its clock is ahead
    has_refresh: bool = True
    is_gone: bool = False  # the person may no longer sign in
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def claims_of(self, **more: Any) -> dict[str, Any]:
        now = int(time.time()) + self.skew
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "ana", "iat": now,
            "exp": now + 3600, "email": "ana@example.com", "email_verified": True,
            "groups": [], "sid": "session-1",
        }  # fmt: skip
        claims |= more | self.claims
        return {name: said for name, said in claims.items() if said is not None}

    def sign(self, claims: dict[str, Any]) -> str:
        header = {"kid": "first"} | self.header
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers=header)

    def logout_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120,
            "jti": secrets.token_hex(8), "events": {LOGOUT_EVENT: {}},
            "sub": "ana", "sid": "session-1",
        }  # fmt: skip
        claims |= changes
        kept = {name: said for name, said in claims.items() if said is not None}
        return self.sign(kept)

    def authorize(self, address: str) -> str:
        """Return the address to which the person is sent back, with a code."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_hex(8)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(back)}"

    def answer(self, method: str, path: str, form: dict[str, str]) -> Answer:
        self.calls.append((path, form))
        if path in self.answers:
            return self.answers[path]
        paths: dict[str, Callable[[dict[str, str]], Answer]] = {
            "/.well-known/openid-configuration": self._config,
            "/keys": lambda _: (200, {"keys": [_public(KEY, "first")]}),
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return paths[path](form)

    def _config(self, _: dict[str, str]) -> Answer:
        return 200, {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        } | self.discovery

    def _token(self, form: dict[str, str]) -> Answer:
        if form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        if self.is_gone:
            return 400, {"error": "invalid_grant"}
        tokens = {"access_token": secrets.token_hex(8), "token_type": "Bearer"}
        if self.has_refresh:
            tokens["refresh_token"] = secrets.token_hex(8)
        if form["grant_type"] == "refresh_token":
            return 200, tokens
        asked = self._codes.pop(form["code"], None)
        if asked is None or asked["code_challenge"] != _challenge(form):
            return 400, {"error": "invalid_grant"}
        claims = self.claims_of(nonce=asked["nonce"])
        return 200, tokens | {"id_token": self.sign(claims)}

    def _userinfo(self, _: dict[str, str]) -> Answer:
        if self.is_gone:
            return 401, {"error": "invalid_token"}
        return 200, self.claims_of()


def _challenge(form: dict[str, str]) -> str:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwk | {"kid": kid, "use": "sig", "alg": "RS256"}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@contextmanager
def open_own_provider() -> Iterator[OwnProvider]:
    provider = OwnProvider(issuer="")

    def application(environ: Any, start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        form = {name: said[0] for name, said in parse_qs(body.decode()).items()}
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        status, said = provider.answer(method, path, form)
        start(f"{status} Said", [("Content-Type", "application/json")])
        if isinstance(said, Iterator):
            return said
        return [(said if isinstance(said, str) else json.dumps(said)).encode()]

    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
