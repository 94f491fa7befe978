"""The words as given, where a city must keep them: encrypted for a key that the service itself need not have.

Encryption is HPKE (RFC 9180) for an X25519 key. A service with the public key alone can write originals and read none;
`paidan originals` reads them where the private key is.
"""

import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from triage.errors import InputError

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"paidan original 1"


def make_keys(private: Path, public: Path) -> None:
    """Make a pair of keys; the private one is for its owner's eyes alone.

    Raises
    ------
    InputError
        A file is there already, or cannot be written.
    """
    key = X25519PrivateKey.generate()
    for path, content in (
        (private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
        (public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    ):
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(content)
        except OSError as error:
            raise InputError(f"{error.strerror}; name a new file", file=path) from None


def public_key(path: Path) -> X25519PublicKey:
    """Read the key that originals are encrypted for."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"no public key ({type(error).__name__}); `paidan originals keys` makes one", file=path
        ) from None
    if not isinstance(key, X25519PublicKey):
        raise InputError("no X25519 key; `paidan originals keys` makes one", file=path)
    return key


def private_key(path: Path) -> X25519PrivateKey:
    """Read the key that opens originals."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no private key ({type(error).__name__}); name the one of `paidan originals keys`", file=path
        ) from None
    if not isinstance(key, X25519PrivateKey):
        raise InputError("no X25519 key; name the one of `paidan originals keys`", file=path)
    return key


def seal(key: X25519PublicKey, text: str, address: str | None) -> bytes:
    """Encrypt the words of an appeal."""
    return _SUITE.encrypt(json.dumps([text, address]).encode("ascii"), key, info=_INFO)


def opened(key: X25519PrivateKey, sealed: bytes) -> tuple[str, str | None]:
    """Decrypt the words of an appeal.

    Raises
    ------
    InputError
        They were encrypted for another key.
    """
    try:
        text, address = json.loads(_SUITE.decrypt(sealed, key, info=_INFO))
    except (InvalidTag, ValueError):
        raise InputError(
            "the original was encrypted for another key; name the private one that belongs to it"
        ) from None
    return text, address
