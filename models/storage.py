"""Where a registry lies: a folder of this machine, or any address that fsspec knows. Nothing is written over."""

import os
import secrets
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Protocol

from triage.errors import InputError


class Storage(Protocol):
    """Files by their path, with `/` between folders. What cannot be reached raises an OSError."""

    def names(self, folder: str) -> list[str]:
        """Return what lies in a folder, sorted; nothing where there is no folder."""
        ...

    def read(self, path: str) -> bytes: ...

    def create(self, path: str, content: bytes) -> None:
        """Write a new file; FileExistsError if there is one. Nobody reads half of it."""
        ...

    def put(self, folder: Path, path: str) -> None:
        """Copy a folder of this machine; FileExistsError if there is one."""
        ...

    def fetch(self, path: str) -> Path:
        """Return a folder as one of this machine."""
        ...

    def remove(self, folder: str) -> None: ...


def open_storage(url: str | Path, *, cache: Path | None = None) -> Storage:
    """Open the place that a path or an address such as `s3://bucket/registry` names.

    Parameters
    ----------
    cache
        Where folders from elsewhere are copied to; a temporary one by default.

    Raises
    ------
    InputError
        The address wants fsspec, or one of its drivers, which is not installed.
    """
    if "://" not in str(url):
        return LocalStorage(Path(url))
    try:
        import fsspec  # noqa: PLC0415

        files, root = fsspec.core.url_to_fs(str(url))
    except (ImportError, ValueError) as error:
        message = f"{error}; `pip install fsspec` and the driver of this kind of address, or name a folder"
        raise InputError(message, file=str(url)) from None
    return RemoteStorage(files, root, cache=cache)


class LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        path = self._root / folder
        return sorted(found.name for found in path.iterdir() if found.name[0] != ".") if path.is_dir() else []

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def create(self, path: str, content: bytes) -> None:
        target = self._root / path
        fresh = _beside(target)
        try:
            with fresh.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            target.hardlink_to(fresh)  # a rename would write over what is there
        finally:
            fresh.unlink(missing_ok=True)

    def put(self, folder: Path, path: str) -> None:
        target = self._root / path
        if target.exists():
            raise FileExistsError(target)
        fresh = _beside(target)
        try:
            shutil.copytree(folder, fresh)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def fetch(self, path: str) -> Path:
        return self._root / path

    def remove(self, folder: str) -> None:
        shutil.rmtree(self._root / folder)


class RemoteStorage:
    def __init__(self, files: Any, root: str, *, cache: Path | None) -> None:  # noqa: ANN401 - fsspec says no types
        self._files, self._root = files, root.rstrip("/")
        self._cache = cache or Path(tempfile.mkdtemp(prefix="paidan-registry-"))
        if cache is None:
            weakref.finalize(self, shutil.rmtree, self._cache, ignore_errors=True)

    def names(self, folder: str) -> list[str]:
        self._files.invalidate_cache()
        try:
            found = self._files.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def read(self, path: str) -> bytes:
        content: bytes = self._files.cat_file(self._at(path))
        return content

    def create(self, path: str, content: bytes) -> None:
        self._files.makedirs(self._at(path).rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(self._at(path), content, mode="create")

    def put(self, folder: Path, path: str) -> None:
        if self._files.exists(self._at(path)):
            raise FileExistsError(path)
        self._files.put(f"{folder}/", f"{self._at(path)}/", recursive=True)

    def fetch(self, path: str) -> Path:
        """Copy the folder to the cache, always anew: what lies there already may have been changed."""
        target = self._cache / path
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        self._files.get(f"{self._at(path)}/", f"{target}/", recursive=True)
        return target

    def remove(self, folder: str) -> None:
        self._files.rm(self._at(folder), recursive=True)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"


def _beside(target: Path) -> Path:
    """Return a name for what is not whole yet; lists leave it out."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}")
