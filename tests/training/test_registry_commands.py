"""`paidan-train list | promote | rollback | shadow` say what they did, and what would help where they cannot."""

import getpass
import json

import pytest

from models.artifact import seal
from models.registry import Registry
from training.cli import main


@pytest.fixture
def train(capsys):
    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def registry(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def ids(registry, tmp_path):
    """The ids of three bundles that were added."""
    found = []
    for name in "abc":
        folder = tmp_path / name
        folder.mkdir()
        (folder / "content.txt").write_text(name, "utf-8")
        seal(folder, {}, name=name)
        found.append(Registry.open(registry).add(folder, by="timer", why="retrained"))
    return found


def test_a_bundle_is_promoted_and_rolled_back(train, registry, ids):
    a, b, _ = ids
    assert train("promote", a, "--registry", registry)[0] == 0
    code, out, err = train("promote", b, "--registry", registry, "--by", "王主任", "--why", "better in every district")
    assert (code, err) == (0, "")
    assert out == f"move 5: {b} promoted by 王主任: better in every district\n"
    code, out, _ = train("rollback", "--registry", registry)
    assert (code, out) == (0, f"move 6: {a} rolled_back by {getpass.getuser()}: no reason given\n")


def test_a_shadow_begins_and_ends(train, registry, ids):
    a, b, _ = ids
    train("promote", a, "--registry", registry)
    assert train("shadow", b, "--registry", registry)[1].startswith(f"move 5: {b} shadowed by ")
    assert Registry.open(registry).state().shadow == b
    assert train("shadow", "none", "--registry", registry)[1].startswith(f"move 6: {b} unshadowed by ")
    assert Registry.open(registry).state().shadow is None


def test_the_list_shows_every_move_and_how_each_bundle_stands(train, registry, ids):
    a, b, c = ids
    train("promote", a, "--registry", registry, "--by", "li")
    train("promote", b, "--registry", registry, "--by", "li", "--why", "[better] 更准")
    Registry.open(registry).refuse(c, by="gate", why="worse in 东湖区")
    code, out, _ = train("list", "--registry", registry)
    assert code == 0
    lines = out.splitlines()
    moves = [line.split() for line in lines[1:7]]
    assert [line[0] for line in moves] == [*"123456"]
    assert [line[4] for line in moves] == ["added", "added", "added", "promoted", "promoted", "refused"]
    assert moves[4][5:] == [b, "[better]", "更准"]
    assert [line.split(maxsplit=1) for line in lines[7:]] == [[a, "previous"], [b, "champion"], [c, "refused"]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["promote", "d-1"], 2, "there is no bundle d-1 here; the newest are: "),
        (["rollback"], 1, "there was no champion before this one"),
        (["shadow", "none"], 1, "there is no shadow"),
        (["rollback", "--why", " "], 1, "no champion before"),
        (["promote", "{a}", "--why", " "], 2, "say why"),
        (["promote", "{a}", "--key", "nothing.key"], 2, "name the key of the registry"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(train, registry, ids, arguments, code, words):
    found, out, err = train(*[word.format(a=ids[0]) for word in arguments], "--registry", registry)
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1
    assert len(Registry.open(registry).moves()) == 3


@pytest.mark.parametrize("command", [["list"], ["promote", "a"], ["rollback"], ["shadow", "a"]])
def test_where_there_is_no_registry_it_is_said_how_one_begins(train, tmp_path, command):
    code, _, err = train(*command, "--registry", tmp_path / "nothing")
    assert code == 2
    assert "no registry here yet" in err
    assert not (tmp_path / "nothing").exists()


def test_a_registry_that_was_changed_is_not_followed(train, registry, ids):
    file = registry / "moves" / "000002.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"by": "somebody else"}), "utf-8")
    code, _, err = train("promote", ids[0], "--registry", registry)
    assert code == 2
    assert err.startswith("paidan-train: moves/000002.json: ")
