"""A registry says who made which bundle the champion, and opens nothing that was changed behind its back."""

import hashlib
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from models.artifact import seal
from models.moves import Move, MoveKind, read_move, state_of
from models.registry import Registry
from models.storage import LocalStorage, open_storage
from triage.errors import BundleError, ConflictError, InputError, StaleError, TamperedError

WHO = {"by": "li", "why": "trying"}


def sealed(folder, name="small", content="x"):
    """Make the smallest folder that is a bundle, and return its id."""
    (folder / "pack" / "units").mkdir(parents=True)
    (folder / "content.txt").write_text(content, "utf-8")
    (folder / "pack" / "units" / "单位.csv").write_text(name, "utf-8")
    seal(folder, {}, name=name)
    return json.loads((folder / "manifest.json").read_bytes())["id"]


@pytest.fixture
def made(tmp_path):
    """Make bundles, and return their folders."""

    def folders(*names):
        for name in names:
            sealed(tmp_path / "made" / name, name)
        return [tmp_path / "made" / name for name in names]

    return folders


@pytest.fixture(params=["folder", "elsewhere"])
def registry(request, tmp_path):
    if request.param == "folder":
        yield Registry.open(tmp_path / "registry")
        return
    url = f"memory://{tmp_path.name}"
    yield Registry.open(url, key=tmp_path / "keys" / "signing.key", cache=tmp_path / "cache")
    storage = open_storage(url)
    if storage.names(""):
        storage.remove("")


@pytest.fixture
def local(tmp_path):
    return Registry.open(tmp_path / "registry")


def with_three(registry, made):
    return [registry.add(folder, **WHO) for folder in made("a", "b", "c")]


def told(registry):
    state = registry.state()
    return state.champion, state.previous, state.shadow


def test_an_empty_registry_has_nobody(registry):
    assert told(registry) == (None, None, None)
    assert registry.moves() == ()


def test_a_bundle_is_copied_and_found_again_as_it_was(registry, made):
    [folder] = made("a")
    bundle = registry.add(folder, **WHO)
    shutil.rmtree(folder)
    assert (registry.fetch(bundle) / "content.txt").read_text("utf-8") == "x"
    assert registry.state().champion is None


def test_champions_follow_each_other_and_roll_back_one_by_one(registry, made):
    a, b, c = with_three(registry, made)
    for bundle in (a, b, c):
        registry.promote(bundle, **WHO)
    assert told(registry) == (c, b, None)
    assert registry.rollback(**WHO).bundle == b
    assert told(registry) == (b, a, None)
    registry.promote(c, **WHO)
    registry.rollback(**WHO)
    registry.rollback(**WHO)
    assert told(registry) == (a, None, None)
    with pytest.raises(ConflictError, match="no champion before"):
        registry.rollback(**WHO)


def test_a_shadow_runs_beside_until_it_ends_or_is_promoted(registry, made):
    a, b, c = with_three(registry, made)
    registry.promote(a, **WHO)
    registry.shadow(b, **WHO)
    assert told(registry) == (a, None, b)
    registry.shadow(None, **WHO)
    assert told(registry) == (a, None, None)
    registry.shadow(c, **WHO)
    registry.promote(c, **WHO)
    assert told(registry) == (c, a, None)


def test_each_move_tells_who_when_which_and_why(tmp_path, made):
    noon = datetime(2026, 11, 22, 4, tzinfo=UTC)
    registry = Registry(LocalStorage(tmp_path / "r"), key=tmp_path / "key", now=lambda: noon)
    bundle = registry.add(*made("a"), by="timer", why="retrained")
    registry.refuse(bundle, by="gate", why="worse in one district")
    registry.promote(bundle, by="王主任", why="it is needed")
    assert [(move.number, move.by, move.kind, move.bundle, move.why) for move in registry.moves()] == [
        (1, "timer", MoveKind.ADDED, bundle, "retrained"),
        (2, "gate", MoveKind.REFUSED, bundle, "worse in one district"),
        (3, "王主任", MoveKind.PROMOTED, bundle, "it is needed"),
    ]
    assert {move.at for move in registry.moves()} == {"2026-11-22T04:00:00+00:00"}
    assert registry.state().refused == {bundle}
    assert registry.state().since.number == 3


@pytest.mark.parametrize("why", ["", " \n"])
def test_nothing_is_done_without_a_reason(local, made, why):
    with pytest.raises(InputError, match="say why"):
        local.add(*made("a"), by="li", why=why)
    assert local.moves() == ()


def test_what_does_not_fit_is_refused_and_nothing_is_written(registry, made):
    a, b, _ = with_three(registry, made)
    registry.promote(a, **WHO)
    registry.shadow(b, **WHO)
    count = len(registry.moves())
    for done in (
        lambda: registry.promote(a, **WHO),
        lambda: registry.rollback(**WHO),
        lambda: registry.shadow(a, **WHO),
        lambda: registry.shadow(b, **WHO),
    ):
        with pytest.raises(ConflictError):
            done()
    for done in (lambda: registry.promote("d-1", **WHO), lambda: registry.shadow("../a", **WHO)):
        with pytest.raises(InputError, match="there is no bundle"):
            done()
    assert len(registry.moves()) == count


def test_a_bundle_that_is_added_again_is_one_bundle(registry, made):
    [folder] = made("a")
    assert registry.add(folder, **WHO) == registry.add(folder, **WHO)
    assert len(registry.moves()) == 1


def test_two_bundles_are_not_called_the_same(local, made, tmp_path):
    bundle = local.add(*made("a"), **WHO)
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "content.txt").write_text("y", "utf-8")
    seal(folder, {}, name="a")
    manifest = json.loads((folder / "manifest.json").read_bytes()) | {"id": bundle}
    reseal(folder, manifest)
    with pytest.raises(ConflictError, match="another bundle is called"):
        local.add(folder, **WHO)


def reseal(folder, manifest):
    """Write a manifest with its digest, as somebody would who knows how bundles are made."""
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    (folder / "manifest.sha256").write_text(hashlib.sha256(content).hexdigest(), "ascii")


@pytest.mark.parametrize("id_", ["../up", "", ".hidden", "a/b", 7, "x" * 300])
def test_an_id_that_is_no_name_of_a_folder_is_refused(local, made, id_):
    [folder] = made("a")
    reseal(folder, json.loads((folder / "manifest.json").read_bytes()) | {"id": id_})
    with pytest.raises(BundleError, match="proper id"):
        local.add(folder, **WHO)


def test_what_is_no_bundle_is_not_added(local, tmp_path, made):
    with pytest.raises(BundleError, match="no bundle here"):
        local.add(tmp_path, **WHO)
    [folder] = made("a")
    (folder / "content.txt").write_text("changed", "utf-8")
    with pytest.raises(TamperedError):
        local.add(folder, **WHO)
    assert local.moves() == ()


def test_the_oldest_bundles_are_dropped_but_not_those_that_stand(tmp_path, made):
    registry = Registry.open(tmp_path / "registry", keep=2)
    names = [*"abcdefg"]
    folders = made(*names)
    a, b = (registry.add(folder, **WHO) for folder in folders[:2])
    registry.promote(a, **WHO)
    registry.promote(b, **WHO)
    c = registry.add(folders[2], **WHO)
    registry.shadow(c, **WHO)
    d, e, f, g = (registry.add(folder, **WHO) for folder in folders[3:])
    assert registry.kept() == {a, b, c, e, f, g}
    with pytest.raises(InputError, match="was dropped"):
        registry.promote(d, **WHO)
    assert registry.add(folders[3], **WHO) == d
    assert registry.promote(d, **WHO).bundle == d


def test_a_copy_that_was_left_half_done_makes_room(local, made, tmp_path):
    [folder] = made("a")
    bundle = json.loads((folder / "manifest.json").read_bytes())["id"]
    (tmp_path / "registry" / "bundles" / bundle).mkdir(parents=True)
    local.add(folder, **WHO)
    assert local.fetch(bundle)


def test_of_two_movers_at_once_one_is_told_that_the_other_was_first(registry, made, tmp_path):
    a, b, _ = with_three(registry, made)
    start = Barrier(2)

    class Waiting:
        """Storage that lets both movers look before either of them writes."""

        def __init__(self, storage):
            self._storage = storage

        def create(self, path, content):
            start.wait(10)
            self._storage.create(path, content)

        def __getattr__(self, name):
            return getattr(self._storage, name)

    movers = [Registry(Waiting(registry._storage), key=registry._key) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        moves = [threads.submit(mover.promote, bundle, **WHO) for mover, bundle in zip(movers, (a, b), strict=True)]
        errors = [move.exception() for move in moves]
    assert sorted(type(error) for error in errors if error) == [StaleError]
    assert len(registry.moves()) == 4
    assert registry.state().champion == (b if errors[0] else a)


def test_processes_that_move_at_once_leave_one_chain(tmp_path, made):
    registry = Registry.open(tmp_path / "registry")
    with_three(registry, made)
    program = (
        "import sys\nfrom models.registry import Registry\nfrom triage.errors import ConflictError\n"
        "r = Registry.open(sys.argv[1])\ndone = 0\n"
        "for turn in range(20):\n"
        "    for bundle in r.state().bundles:\n"
        "        try:\n            r.promote(bundle, by='p', why='w')\n            done += 1\n"
        "        except ConflictError:\n            pass\nprint(done)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "registry")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]  # noqa: S603 - ours
    done = [int(process.communicate(timeout=60)[0]) for process in started]
    assert all(done)
    assert len(Registry.open(tmp_path / "registry").moves()) == 3 + sum(done)
    assert not list((tmp_path / "registry" / "moves").glob(".*"))


def test_one_registry_sees_what_another_one_does(registry, made):
    other = Registry(registry._storage, key=registry._key)
    assert other.state().champion is None
    a, *_ = with_three(registry, made)
    registry.promote(a, **WHO)
    assert other.state().champion == a


def test_the_key_is_for_its_owner_alone(local, made, tmp_path):
    with_three(local, made)
    assert (tmp_path / "registry" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_a_registry_elsewhere_leaves_no_key_there(tmp_path, made):
    registry = Registry.open(f"memory://{tmp_path.name}")
    with pytest.raises(InputError, match="key of this machine"):
        registry.add(*made("a"), **WHO)
    registry = Registry.open(f"memory://{tmp_path.name}", key=tmp_path / "my.key")
    registry.add(tmp_path / "made" / "a", **WHO)
    assert registry._storage.names("") == ["bundles", "moves", "signing.pub"]


def test_an_address_that_nothing_here_can_open_is_refused_with_a_remedy():
    with pytest.raises(InputError, match="pip install fsspec"):
        Registry.open("nowhere://bucket/registry")


def test_without_fsspec_only_folders_are_opened(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError, match="pip install fsspec"):
        Registry.open("memory://registry")
    assert Registry.open(tmp_path).moves() == ()


def change(field, value):
    def changed(root):
        file = root / "moves" / "000004.json"
        file.write_text(json.dumps(json.loads(file.read_bytes()) | {field: value}), "utf-8")

    return changed


def rehash(root):
    """Change a move and its hash, and leave the signature."""
    file = root / "moves" / "000004.json"
    move = Move(**json.loads(file.read_bytes()) | {"why": "another reason"})
    hashed = move.signed(Ed25519PrivateKey.generate()).hash
    file.write_text(json.dumps(json.loads(move.to_json()) | {"hash": hashed}), "utf-8")


def swap(root):
    """Put a signed move in the place of another."""
    moves = root / "moves"
    (moves / "000004.json").write_bytes((moves / "000005.json").read_bytes())


TAMPERED = {
    "reason": change("why", "another reason"),
    "champion": change("bundle", "small-000000000000"),
    "kind": change("kind", "rolled_back"),
    "unknown kind": change("kind", "crowned"),
    "signature": change("signature", "00" * 64),
    "no signature": change("signature", ""),
    "field": change("note", "x"),
    "hash": rehash,
    "another move": swap,
    "taken away": lambda root: (root / "moves" / "000004.json").unlink(),
    "half": lambda root: (root / "moves" / "000004.json").write_text('{"number": 4', "utf-8"),
    "a list": lambda root: (root / "moves" / "000004.json").write_text("[]", "utf-8"),
    "not text": lambda root: (root / "moves" / "000004.json").write_bytes(b"\xff\xfe"),
    "no key": lambda root: (root / "signing.pub").unlink(),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_moves_that_were_changed_are_not_followed(local, made, tmp_path, how):
    a, b, _ = with_three(local, made)
    local.promote(a, **WHO)
    local.promote(b, **WHO)
    TAMPERED[how](tmp_path / "registry")
    fresh = Registry.open(tmp_path / "registry")
    for asked in (fresh.state, fresh.moves, lambda: fresh.fetch(a), lambda: fresh.rollback(**WHO)):
        with pytest.raises(TamperedError):
            asked()


def test_who_follows_a_registry_notices_that_its_last_move_was_taken_away(local, made, tmp_path):
    a, *_ = with_three(local, made)
    local.promote(a, **WHO)
    assert local.state().champion == a
    (tmp_path / "registry" / "moves" / "000004.json").unlink()
    with pytest.raises(TamperedError, match="taken away"):
        local.state()
    assert Registry.open(tmp_path / "registry").state().champion is None


def test_a_key_of_ones_own_in_the_registry_deceives_nobody_who_knows_the_right_one(local, made, tmp_path):
    root = tmp_path / "registry"
    a, *_ = with_three(local, made)
    public = shutil.copy(root / "signing.pub", tmp_path / "known.pub")
    shutil.rmtree(root)
    forged = Registry.open(root)
    assert forged.add(tmp_path / "made" / "a", **WHO) == a
    assert Registry.open(root).moves()
    with pytest.raises(TamperedError, match="no move that the key of the registry signed"):
        Registry.open(root, public_key=public).state()


def test_another_key_signs_nothing_here(local, made, tmp_path):
    a, *_ = with_three(local, made)
    sealed(tmp_path / "d", "d")
    other = Registry.open(tmp_path / "other")
    other.add(tmp_path / "d", **WHO)
    with pytest.raises(InputError, match="not the key that signs this registry"):
        Registry.open(tmp_path / "registry", key=tmp_path / "other" / "signing.key").promote(a, **WHO)
    with pytest.raises(InputError, match="name the key of the registry"):
        Registry.open(tmp_path / "registry", key=tmp_path / "nothing").promote(a, **WHO)
    with pytest.raises(InputError, match="no key of Ed25519"):
        Registry.open(tmp_path / "registry", key=tmp_path / "registry" / "signing.pub").promote(a, **WHO)


def edited(folder):
    (folder / "content.txt").write_text("worse", "utf-8")


def replaced(folder):
    """Put a bundle that is whole in itself under the same name."""
    bundle = folder.name
    shutil.rmtree(folder)
    sealed(folder, "other", "worse")
    reseal(folder, json.loads((folder / "manifest.json").read_bytes()) | {"id": bundle})


@pytest.mark.parametrize("how", [edited, replaced, lambda folder: (folder / "content.txt").unlink()])
def test_a_bundle_that_was_changed_is_not_given_out_and_not_promoted(local, made, how):
    a, b, _ = with_three(local, made)
    folder = local.fetch(a)
    how(folder)
    for done in (lambda: local.fetch(a), lambda: local.promote(a, **WHO), lambda: local.shadow(a, **WHO)):
        with pytest.raises(TamperedError):
            done()
    assert local.fetch(b)


_KEY = Ed25519PrivateKey.generate()


@given(st.lists(st.sampled_from(["a", "b", "c", "back", "shadow"]), max_size=12), st.data())
@settings(max_examples=40)
def test_any_history_is_read_as_it_was_written_and_no_other_order_of_it(history, data):
    kinds = {"back": MoveKind.ROLLED_BACK, "shadow": MoveKind.SHADOWED}
    moves = []
    for number, what in enumerate(history, 1):
        previous = moves[-1].hash if moves else ""
        kind = kinds.get(what, MoveKind.PROMOTED)
        move = Move(number=number, at="", by="", why="", kind=kind, bundle=what, digest="", previous=previous)
        moves.append(move.signed(_KEY))
    read = []
    for move in moves:
        after = read[-1] if read else None
        read.append(read_move(move.to_json(), after=after, key=_KEY.public_key(), file=""))
    assert read == moves
    state = state_of(moves)
    assert len(state.line) <= len(moves)
    if len(moves) > 1:
        at = data.draw(st.integers(0, len(moves) - 2))
        with pytest.raises(TamperedError):
            read_move(moves[at + 1].to_json(), after=moves[at - 1] if at else None, key=_KEY.public_key(), file="")


def test_later_moves_are_read_without_reading_all_of_them_again(local, made, tmp_path):
    a, b, _ = with_three(local, made)
    local.promote(a, **WHO)
    read = []

    class Counting(LocalStorage):
        def read(self, path):
            read.append(path)
            return super().read(path)

    registry = Registry(Counting(tmp_path / "registry"), key=None)
    assert registry.state().champion == a
    read.clear()
    assert registry.state().champion == a
    local.promote(b, **WHO)
    assert registry.state().champion == b
    assert read == ["moves/000005.json"]


def test_times_run_in_utc_to_the_second(tmp_path, made):
    now = [datetime(2026, 11, 22, 4, tzinfo=UTC)]
    registry = Registry(LocalStorage(tmp_path / "r"), key=tmp_path / "key", now=lambda: now[0])
    registry.add(*made("a"), **WHO)
    now[0] += timedelta(seconds=61)
    sealed(tmp_path / "b", "b")
    registry.add(tmp_path / "b", **WHO)
    assert [move.at for move in registry.moves()] == ["2026-11-22T04:00:00+00:00", "2026-11-22T04:01:01+00:00"]
