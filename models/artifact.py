"""Arrays and texts on disk, verified before any of them is opened.

A bundle is a folder. `manifest.json` lists every file with its SHA-256, and `manifest.sha256` holds the digest of the
manifest itself. Arrays are `.npy` files read without pickle, so that nothing in a bundle can run.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triage.errors import BundleError, TamperedError

FORMAT = 1
_MANIFEST, _SEAL = "manifest.json", "manifest.sha256"


def seal(folder: Path, about: Mapping[str, object], *, name: str) -> None:
    """Write the manifest over all files in the folder, and its digest.

    The bundle is called after its content: the same files and facts give the same `id`.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (_MANIFEST, _SEAL))
    digests = {path.relative_to(folder).as_posix(): _digest(path.read_bytes()) for path in files}
    manifest = {"format": FORMAT, **about, "files": digests}
    manifest["id"] = f"{name}-{_digest(json.dumps(manifest, sort_keys=True).encode())[:12]}"
    content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
    (folder / _MANIFEST).write_bytes(content)
    (folder / _SEAL).write_text(_digest(content) + "\n", encoding="ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A manifest and the files that it names: what was verified is what is used, whatever happens on disk meanwhile."""

    manifest: dict[str, Any]
    files: dict[str, bytes]

    def array(self, name: str) -> "np.ndarray[Any, Any]":
        """Return an array; a pickle inside is refused with a ValueError."""
        values: np.ndarray[Any, Any] = np.load(io.BytesIO(self.files[name]), allow_pickle=False)
        return values


def verified(folder: Path) -> Verified:
    """Read a bundle, every file once, and return it if each has the digest that the manifest states.

    Raises
    ------
    BundleError
        The folder is no bundle, or one of another format.
    TamperedError
        A file is missing or changed; the error names it.
    """
    manifest = _manifest(folder)
    files: dict[str, bytes] = {}
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise TamperedError("the manifest names a file outside the bundle", file=path)
        if not path.is_file():
            raise TamperedError("the file is missing; copy the bundle again, or fit it anew", file=path)
        files[name] = path.read_bytes()
        if _digest(files[name]) != digest:
            raise TamperedError("the file was changed after the bundle was made; copy it again, or fit anew", file=path)
    return Verified(manifest=manifest, files=files)


def _manifest(folder: Path) -> dict[str, Any]:
    path, stated = folder / _MANIFEST, folder / _SEAL
    if not (path.is_file() and stated.is_file()):
        raise BundleError("no bundle here; `paidan-train fit --closures F... --out DIR` makes one", file=folder)
    content = path.read_bytes()
    if _digest(content).encode() != stated.read_bytes().strip():
        raise TamperedError("the manifest was changed after the bundle was made; copy it again, or fit anew", file=path)
    manifest: dict[str, Any] = _parsed(content, path)
    found = manifest.get("format")
    if found != FORMAT:
        raise BundleError(f"format {found} cannot be read, only {FORMAT}; fit the bundle anew", file=path)
    return manifest


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise BundleError(f"not JSON ({error}); fit the bundle anew", file=path) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files", {}), dict):
        raise BundleError("no manifest of a bundle; fit it anew", file=path)
    return {"files": {}, **manifest}


def save_array(path: Path, values: "np.ndarray[Any, Any]") -> None:
    """Write one array, never as a pickle."""
    np.save(path, np.ascontiguousarray(values), allow_pickle=False)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
