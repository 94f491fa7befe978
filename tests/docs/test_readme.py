"""What the READMEs promise: commands, options, targets, headers and links that exist, the same in both languages."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import api.cli
import training.cli
from training.columns import ALIASES
from triage.domain import Appeal
from triage.lines import appeals_from

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
READMES = [ENGLISH, CHINESE]
PAGES = [*READMES, *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md"), *ROOT.glob(".github/*.md")]
COMMANDS = {"paidan": api.cli.app, "paidan-train": training.cli.app}

both = pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
every = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def sessions(page: Path) -> Iterator[str]:
    """The code blocks of a page, continued lines joined."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        yield block.replace("\\\n", " ")


def commands(page: Path) -> list[list[str]]:
    """The words of every command after a `$`, comments left out."""
    lines = [line[2:] for block in sessions(page) for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in lines]


def outputs(page: Path) -> list[str]:
    return [line for block in sessions(page) for line in block.splitlines() if not line.startswith("$ ")]


def ours(page: Path) -> list[list[str]]:
    """The words of every command of our own, up to a pipe, its program without the folder."""
    found = []
    for first, *rest in commands(page):
        if Path(first).name in COMMANDS:
            found.append([Path(first).name, *rest[: rest.index("|") if "|" in rest else None]])
    return found


def parsed(words: list[str]) -> None:
    """Parse the words of a command as the program would, without running it."""
    program, *rest = words
    command = typer.main.get_command(COMMANDS[program])
    while isinstance(command, typer.core.TyperGroup):
        command = command.commands[rest.pop(0)]
    command.make_context(program, rest)


def test_both_languages_show_the_same_commands_and_answers():
    assert commands(ENGLISH) == commands(CHINESE)
    assert outputs(ENGLISH) == outputs(CHINESE)


def test_both_languages_have_the_same_sections():
    headings = [re.findall(r"^#+(?= )", page.read_text("utf-8"), re.MULTILINE) for page in READMES]
    assert headings[0] == headings[1]


@both
def test_every_command_parses(readme):
    assert len(ours(readme)) > 5
    for words in ours(readme):
        parsed(words)


def test_an_unknown_option_would_be_noticed():
    with pytest.raises(Exception, match="--wrong"):
        parsed(["paidan", "route", "--wrong"])


@every
def test_every_target_is_in_the_makefile(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = page.read_text("utf-8")
    assert set(re.findall(r"(?:`|^\$ )make ([a-z]+)", text, re.MULTILINE)) <= targets


@every
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


@both
def test_what_is_sent_over_http_is_taken(readme):
    bodies = [
        json.loads(words[words.index("-d") + 1]) for words in commands(readme) if words[0] == "curl" and "-d" in words
    ]
    assert len(bodies) == 3
    for body in bodies:
        assert all(isinstance(found, Appeal) for _, found in appeals_from(body.get("appeals", [body])))


@both
def test_every_header_is_known(readme):
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", readme.read_text("utf-8"), re.MULTILINE))
    assert ALIASES.keys() - rows.keys() == {"dispatched_at"}
    for field in ALIASES.keys() & rows.keys() - {"topic"}:
        told = re.split("[,、] ?", rows[field])
        assert told == [name for name in ALIASES[field] if not name.isascii()]


@pytest.mark.parametrize("package", ["triage", "models", "training"])
def test_every_module_is_told(package):
    told = set(re.findall(r"^\| `(\w+)/?` \|", (ROOT / package / "README.md").read_text("utf-8"), re.MULTILINE))
    parts = {path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert told == parts - {"__init__", "__pycache__"}
