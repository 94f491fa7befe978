"""The pair of keys of a registry: the one that signs its moves, and the one that verifies them."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from triage.errors import InputError


def make_key(file: Path) -> None:
    """Make a key that signs, for its owner's eyes alone, unless there is one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with (
        suppress(FileExistsError),
        os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as fresh,
    ):
        fresh.write(made)


def signing_key(file: Path) -> Ed25519PrivateKey:
    """Read the key that signs.

    Raises
    ------
    InputError
        There is none, or it is no key of Ed25519.
    """
    try:
        key = load_pem_private_key(read_key(file), password=None)
    except (ValueError, TypeError):  # none, or one behind a password
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("no key of Ed25519; name signing.key of the registry", file=file)
    return key


def verifying_key(content: bytes, file: str) -> Ed25519PublicKey:
    """Read the key that verifies."""
    try:
        key = load_pem_public_key(content)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError("no public key of Ed25519; name signing.pub of the registry", file=file)
    return key


def public_part(key: Ed25519PrivateKey) -> bytes:
    """Return the key that verifies what a key signs, as it is kept."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_key(file: Path) -> bytes:
    """Return what a file of a key holds."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{error.strerror}; name the key of the registry", file=file) from None
