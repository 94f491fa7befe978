import io
import json
import sys

import pytest
import uvicorn

from api import champion, cli, fallback, logs
from api.streams import progress_wanted
from tests.api.fakes import KeywordTriage, SmallPack
from triage import citypack
from triage.errors import BundleError, Fault, NotReadyError, PackError


class Pipe(io.TextIOWrapper):
    """A standard input that holds bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A folder that stands for a bundle, and the small triage that is loaded from it."""
    monkeypatch.setattr(cli, "open_triage", lambda folder, city=None: KeywordTriage())
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "bundle"
    folder.mkdir()
    return folder


@pytest.fixture
def paidan(capsysbinary):
    """Run the command; answer its exit code, its output and its complaints."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return caught.value.code or 0, out, err.decode()

    return run


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def test_route_answers_one_text_with_one_line(paidan, bundle):
    code, out, err = paidan("route", "--bundle", bundle, "--text", "望京街道停电")
    (line,) = lines(out)
    assert (code, err, line["id"], line["decision"]["units"]) == (0, "", "1", ["cy-wj"])
    assert "朝阳区".encode() in out


def test_route_answers_a_file_line_by_line_and_goes_on_after_bad_ones(paidan, bundle, tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes('{"id": "a", "text": "停电"}\nno json\n{"id": "c"}\n\n{"id": 5, "text": "望京街道"}\n'.encode())
    assert paidan("route", "--bundle", bundle, "--in", source, "--out", target) == (0, b"", "")
    first, second, third, last = lines(target.read_bytes())
    assert (first["id"], last["id"], last["decision"]["action"]) == ("a", "5", "dispatch")
    assert second == {"id": "2", "error": {"code": "invalid_json", "message": second["error"]["message"]}}
    assert (third["id"], third["error"]["code"]) == ("c", "missing")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_and_never_between_answers(paidan, bundle, tmp_path, monkeypatch):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "a", "text": "x"}\n')
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert paidan("route", "--bundle", bundle, "--in", source, "--out", target)[0] == 0
    assert "in.jsonl" in sys.stderr.getvalue()
    assert lines(target.read_bytes())[0]["id"] == "a"
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert not progress_wanted(None)


def test_route_reads_a_pipe_in_chunks_and_keeps_the_order(paidan, bundle, monkeypatch):
    content = b"".join(b'{"id": "%d", "text": "a"}\n' % number for number in range(1_100))
    monkeypatch.setattr(sys, "stdin", Pipe(content))
    code, out, _ = paidan("route", "--bundle", bundle)
    assert (code, [line["id"] for line in lines(out)]) == (0, [str(number) for number in range(1_100)])


def test_route_survives_lone_surrogates_and_nul(paidan, bundle, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(b'{"id": "\\ud800", "text": "\\udc00 \\u0000"}\n'))
    code, out, _ = paidan("route", "--bundle", bundle)
    assert (code, lines(out)[0]["id"]) == (0, "\ud800")
    assert b'"\\ud800"' in out


def test_route_writes_nothing_for_nothing(paidan, bundle, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(b""))
    assert paidan("route", "--bundle", bundle) == (0, b"", "")


def test_without_a_bundle_the_remedy_is_told(paidan, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "DEFAULT_BUNDLE", tmp_path / "var/bundles/beijing")
    code, out, err = paidan("route", "--text", "停电")
    assert (code, out) == (2, b"")
    assert err.startswith(f"paidan: {tmp_path}/var/bundles/beijing: no bundle here; `make run`")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", ""], "field text: empty"),
        (["--text", "停电", "--in", "in.jsonl"], "--text and --in exclude each other"),
        (["--in", "missing.jsonl"], "missing.jsonl: No such file or directory; name"),
        (["--in", "."], ".: Is a directory; name"),
        (["--text", "停电", "--out", "nowhere/out.jsonl"], "nowhere/out.jsonl: No such file or directory; name"),
        (["--in", "in.jsonl", "--out", "in.jsonl"], "would be overwritten"),
    ],
)
def test_input_that_cannot_be_used_is_told_in_one_line(paidan, bundle, tmp_path, arguments, words):
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n')
    code, out, err = paidan("route", "--bundle", bundle, *arguments)
    assert (code, out, err.count("\n")) == (2, b"", 1)
    assert words in err
    assert (tmp_path / "in.jsonl").read_text() == '{"text": "a"}\n'


@pytest.mark.parametrize("arguments", [["rout"], ["route", "--txt", "a"], ["serve", "--port", "http"]])
def test_a_command_that_does_not_exist_is_bad_input(paidan, arguments):
    code, out, err = paidan(*arguments)
    assert (code, out) == (2, b"")
    assert "Error: " in err


def failing_with(error):
    def fail(folder, city=None):
        raise error

    return fail


def test_exit_codes_tell_bad_input_from_anything_else(paidan, monkeypatch):
    monkeypatch.setattr(cli, "open_triage", failing_with(BundleError("format 9; fit it again", file="b/manifest.json")))
    assert paidan("route", "--text", "停电") == (2, b"", "paidan: b/manifest.json: format 9; fit it again\n")
    monkeypatch.setattr(cli, "open_triage", failing_with(NotReadyError("nothing to route with")))
    assert paidan("route", "--text", "停电") == (1, b"", "paidan: nothing to route with\n")
    monkeypatch.setattr(cli, "open_triage", failing_with(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):  # the interpreter prints where, and exits with 1
        cli.main(["route", "--text", "停电"])


def test_mask_tells_what_it_hid_and_where(paidan):
    text = "我的电话是13800138000，请回电"
    code, out, _ = paidan("mask", "--text", text)
    (line,) = lines(out)
    assert (code, line["id"], line["spans"]) == (0, "1", [[5, 16, "mobile"]])
    assert "13800138000" not in line["masked"]


def test_mask_goes_on_after_a_bad_line(paidan, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe('[]\n{"id": "b", "text": "路灯不亮"}\n'.encode()))
    code, out, _ = paidan("mask")
    first, second = lines(out)
    assert (code, first["error"]["code"]) == (0, "not_an_object")
    assert second == {"id": "b", "masked": "路灯不亮", "spans": []}


def test_pack_check_counts(paidan, monkeypatch, tmp_path):
    monkeypatch.setattr(citypack, "load_pack", lambda folder: SmallPack())
    monkeypatch.setattr(citypack, "counts", lambda pack: {"units": len(pack.units), "places": 1_234})
    assert paidan("pack", "check", tmp_path) == (0, b"units         3\nplaces    1,234\n", "")


def test_pack_check_tells_every_fault(paidan, monkeypatch, tmp_path):
    faults = [Fault(file="units.csv", line=line, message="no name") for line in (9, 3)]
    monkeypatch.setattr(citypack, "load_pack", failing_with(PackError(faults)))
    code, out, err = paidan("pack", "check", tmp_path)
    assert (code, out) == (2, b"")
    assert err.splitlines() == ["paidan: units.csv:3: no name", "units.csv:9: no name"]


def test_pack_check_reads_the_citys_machines_too(paidan, monkeypatch, tmp_path):
    faults = [Fault(file="units.csv", line=3, message="no name")]
    monkeypatch.setattr(citypack, "load_pack", failing_with(PackError(faults)))
    (tmp_path / "events.toml").write_text("[[event]]\ntype = 7\n", "utf-8")
    code, _, err = paidan("pack", "check", tmp_path)
    assert code == 2
    assert "events.toml:2: " in err
    assert "units.csv:3: no name" in err


def test_serve_listens_to_others_only_where_nobody_can_listen_in(paidan, bundle):
    code, _, err = paidan("serve", "--host", "0.0.0.0", "--bundle", bundle)  # noqa: S104
    assert code == 2
    assert err.startswith("paidan: field host: 0.0.0.0 can be reached by others, who could listen in; give --tls-cert")


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The applications that uvicorn is asked to run, and how; state and database lie in a folder of the test."""
    runs = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: runs.append((app, options)))
    monkeypatch.setattr(fallback, "open_triage", lambda folder, city=None: KeywordTriage())
    monkeypatch.setattr(logs, "log_to_stderr", lambda: None)  # it would take the place of pytest's own
    monkeypatch.setenv("PAIDAN_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PAIDAN_DATABASE", f"sqlite:///{tmp_path / 'ledger.db'}")
    return runs


def test_serve_starts_uvicorn_without_its_access_log(paidan, bundle, started, monkeypatch):
    monkeypatch.setenv("PAIDAN_PORT", "9000")
    code, _, err = paidan("serve", "--bundle", bundle)
    ((app, options),) = started
    assert code == 0, err
    assert (options["host"], options["port"], options["access_log"]) == ("127.0.0.1", 9000, False)
    assert app.state.router.versions == KeywordTriage.versions


def test_the_first_key_of_a_machine_is_made_and_said_where(paidan, bundle, started, tmp_path):
    _, _, err = paidan("serve", "--bundle", bundle)
    file = tmp_path / "state" / "local.key"
    assert str(file) in err
    assert file.stat().st_mode & 0o777 == 0o600
    _, _, again = paidan("serve", "--bundle", bundle)
    assert "key" not in again


def test_others_are_not_served_before_there_is_a_key(paidan, bundle, started):
    code, _, err = paidan("serve", "--bundle", bundle, "--host", "0.0.0.0", "--behind-proxy")  # noqa: S104
    assert (code, started) == (2, [])
    assert "paidan keys create" in err


def test_serve_follows_a_registry(paidan, started, monkeypatch, tmp_path):
    monkeypatch.setattr(
        champion.BundleOpener, "directory", lambda _: fallback.Fallback([("directory", KeywordTriage())])
    )
    code, _, err = paidan("serve", "--registry", tmp_path / "registry")
    ((app, _),) = started
    assert code == 0, err
    assert isinstance(app.state.router, champion.Champion)
    assert app.state.router.state == "degraded"


def test_serve_takes_a_bundle_or_a_registry(paidan, bundle, started, tmp_path):
    code, _, err = paidan("serve", "--registry", tmp_path, "--bundle", bundle)
    assert (code, started) == (2, [])
    assert "not both" in err
