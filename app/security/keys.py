"""Signing keys: generate, encrypt under SECRET_KEY, and publish as a JWK."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

SYMMETRIC = "HS256"
SHARED_BYTES = 32  # RFC 7518, section 3.2: HS256's own size
RSA_BITS = 2048  # RFC 7518, section 3.3: the least; keys are changed, and tokens stay short
NONCE_BYTES = 12  # NIST SP 800-38D
PURPOSE = b"graphql-accounts.signing-keys"
PUBLIC_FORMATS: dict[str, Any] = {"RS256": RSAAlgorithm, "EdDSA": OKPAlgorithm}


class UnreadableKeyError(Exception):
    """A stored key was encrypted under another SECRET_KEY, or is not what was stored."""


@dataclass(frozen=True)
class Key:
    """A key and its times. `signing` and `verifying` are for PyJWT, and never shown."""

    kid: str
    algorithm: str
    signing: Any = field(repr=False)
    verifying: Any = field(repr=False)
    signs_from: datetime
    expires_at: datetime | None = None

    def public(self) -> dict[str, str] | None:
        """Return the public key as a JWK (RFC 7517); None for a symmetric key."""
        if self.algorithm not in PUBLIC_FORMATS:
            return None
        numbers = PUBLIC_FORMATS[self.algorithm].to_jwk(self.verifying, as_dict=True)
        kept = {name: numbers[name] for name in ("kty", "n", "e", "crv", "x") if name in numbers}
        return kept | {"kid": self.kid, "alg": self.algorithm, "use": "sig"}


def new_kid() -> str:
    """Return a new key id: 64 random bits, in hex."""
    return secrets.token_hex(8)


def secret_kid(secret: str) -> str:
    """Return the key id of SECRET_KEY: the same in every process, and revealing nothing."""
    return hashlib.sha256(PURPOSE + b".kid\0" + secret.encode()).hexdigest()[:16]


def new_material(algorithm: str) -> bytes:
    """Generate a key for `algorithm`: random bytes, or a private key (PKCS #8, DER)."""
    if algorithm == SYMMETRIC:
        return secrets.token_bytes(SHARED_BYTES)
    private = (
        Ed25519PrivateKey.generate()
        if algorithm == "EdDSA"
        else generate_private_key(65537, RSA_BITS)
    )
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def load_key_pair(algorithm: str, material: bytes) -> tuple[Any, Any]:
    """Return what signs and what verifies, from generated or decrypted bytes."""
    if algorithm == SYMMETRIC:
        return material, material
    private = load_der_private_key(material, None)
    return private, private.public_key()


def seal(material: bytes, kid: str, algorithm: str, secret: str) -> bytes:
    """Encrypt under `secret` (AES-256-GCM), bound to the kid and algorithm it is stored with."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(secret).encrypt(nonce, material, _label(kid, algorithm))


def unseal(sealed: bytes, kid: str, algorithm: str, secret: str) -> bytes:
    """Decrypt what `seal` encrypted. Raises UnreadableKeyError."""
    nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return _cipher(secret).decrypt(nonce, encrypted, _label(kid, algorithm))
    except (InvalidTag, ValueError):
        raise UnreadableKeyError(kid) from None


def _cipher(secret: str) -> AESGCM:
    """The cipher, its key derived from SECRET_KEY (RFC 5869), which also signs links and tokens."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return AESGCM(derived)


def _label(kid: str, algorithm: str) -> bytes:
    return f"{kid}.{algorithm}".encode()
