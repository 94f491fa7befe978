"""A bundle comes back as it was saved, and one that was touched does not come back at all."""

import hashlib
import json
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest

from models.artifact import save_array, seal
from models.assessor import LearnedAssessor
from models.bundle import load_triage, read_manifest, save
from models.promise import make_policy
from tests import city
from tests.conftest import fitted_bundle
from training.dataset import make_dataset
from training.fit import fit
from training.make import prepare
from triage.citypack import fingerprint, load_pack
from triage.directory import today
from triage.domain import Appeal, Versions
from triage.errors import BundleError, TamperedError
from triage.pipeline import Triage
from triage.text import Reader, Segmenter

SEALS = ("manifest.json", "manifest.sha256")
TRIED = [Appeal(id=closure.id, text=closure.text) for closure in city.closures(60, seed=99)]
ABOUT = {
    "rows": 1,
    "window": None,
    "scheme": "one topic scheme throughout",
    "left_out": {},
    "metrics": {"top1": 0.5},
    "tried_on": "nothing",
}


@pytest.fixture
def copy(city_bundle, tmp_path):
    """A copy of the bundle that may be touched."""
    return shutil.copytree(city_bundle, tmp_path / "copy")


def resealed(folder, **changed):
    """Write a manifest with other facts, under a seal that fits it: what an attacker would do."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changed
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    (folder / "manifest.sha256").write_text(hashlib.sha256(content).hexdigest())


def refused(folder, error=TamperedError):
    with pytest.raises(error) as caught:
        load_triage(folder)
    return caught.value


@pytest.mark.parametrize("levels", [3, 1, 0])
def test_a_bundle_routes_as_what_was_saved(tmp_path, levels):
    rows = [replace(closure, topic=closure.topic[:levels]) for closure in city.closures(120)]
    export = city.write_csv(tmp_path / "few.csv", rows)
    prepared = prepare([export], pack=None, name="few")
    fitted = fit(make_dataset(prepared.cleaned, prepared.pack, seed=0), prepared.pack, seed=0)
    assessor = LearnedAssessor(prepared.pack, fitted.learned)
    topics = fitted.learned.topics.table.topics if fitted.learned.topics else ()
    kept = Triage(
        reader=Reader(Segmenter(prepared.pack.words)),
        assessor=assessor,
        explainer=assessor,
        policy=make_policy(prepared.pack, topics, fitted.tried, dispatches=True, on=today()),
        pack=prepared.pack,
        versions=Versions(bundle="", pack="", policy=""),
    )
    save(tmp_path / "bundle", learned=fitted.learned, tried=fitted.tried, pack=prepared.pack, about=ABOUT)
    loaded = load_triage(tmp_path / "bundle")
    assert loaded.pack == prepared.pack
    for before, after in zip(kept.route_many(TRIED), loaded.route_many(TRIED), strict=True):
        assert (before.place, before.decision.action) == (after.place, after.decision.action)
        assert before.suggestions[0].unit == after.suggestions[0].unit
        assert [ranked.topic for ranked in before.topics] == [ranked.topic for ranked in after.topics]
        odds, again = ([suggestion.probability for suggestion in routing.suggestions] for routing in (before, after))
        assert odds == pytest.approx(again, abs=5e-3)  # precedent is kept in half precision


def test_loading_twice_routes_identically(city_bundle, city_triage):
    assert load_triage(city_bundle).route_many(TRIED) == city_triage.route_many(TRIED)


def test_two_fits_with_one_seed_are_the_same_bundle(city_export, city_bundle, tmp_path):
    again = read_manifest(fitted_bundle(city_export, tmp_path / "again"))
    first = read_manifest(city_bundle)
    assert again["files"] == first["files"]
    assert again["id"] == first["id"]


def test_a_bundle_is_called_after_its_content(city_bundle, copy, tmp_path):
    first = read_manifest(city_bundle)["id"]
    facts = {key: value for key, value in read_manifest(copy).items() if key not in ("files", "id", "format")}
    seal(copy, facts, name="yunling")
    assert read_manifest(copy)["id"] == first
    seal(copy, facts | {"seed": 1}, name="yunling")
    assert read_manifest(copy)["id"] != first


def test_the_manifest_tells_what_the_bundle_was_made_from(city_bundle, city_export):
    manifest = read_manifest(city_bundle)
    assert manifest["sources"] == [["spring.csv", hashlib.sha256(city_export.read_bytes()).hexdigest()]]
    assert (manifest["rows"], manifest["window"]) == (400, ["2031-03-01", "2031-04-30"])
    assert manifest["made_with"]["pack"] == fingerprint(load_pack(city_bundle / "pack"))
    assert {"numpy", "scipy", "scikit-learn", "rjieba", "segmenter"} <= set(manifest["made_with"])


def test_every_file_is_in_the_manifest(city_bundle):
    files = {path.relative_to(city_bundle).as_posix() for path in city_bundle.rglob("*") if path.is_file()}
    assert files == {*read_manifest(city_bundle)["files"], *SEALS}


def test_the_card_says_what_the_bundle_is_and_how_good_it_was(city_bundle):
    card, manifest = (city_bundle / "README.md").read_text(encoding="utf-8"), read_manifest(city_bundle)
    assert card.startswith("# Paidan bundle for 云岭市\n")
    assert "400 closed orders, 2031-03-01 to 2031-04-30" in card
    assert f"| right unit first | {manifest['metrics']['top1']:g} |" in card
    assert "14 units" in card
    assert "## Use and limits" in card


def test_no_citizen_is_quoted_in_a_bundle(city_bundle):
    written = "".join(
        path.read_text(encoding="utf-8") for path in city_bundle.rglob("*") if path.is_file() and path.suffix != ".npy"
    )
    assert not [closure.text for closure in city.closures() if closure.text[-20:] in written]


def test_one_changed_byte_anywhere_is_refused_and_the_file_named(copy):
    draw = random.Random(1)
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for at in {0, len(content) - 1, *(draw.randrange(len(content)) for _ in range(3))}:
            path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
            named = refused(copy).file
            assert named == (copy / "manifest.json" if path.name in SEALS else path)
        path.write_bytes(content)
    assert load_triage(copy).pack.name == "yunling"


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\0", lambda _: b""])
def test_a_file_cut_short_or_grown_is_refused(copy, change):
    path = copy / "arrays" / "weights.npy"
    path.write_bytes(change(path.read_bytes()))
    assert refused(copy).file == path


@pytest.mark.parametrize("name", ["grams.json", "arrays/weights.npy", "pack/units.csv", "README.md"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    error = refused(copy)
    assert error.file == copy / name
    assert "missing" in str(error)


@pytest.mark.parametrize("name", SEALS)
def test_without_manifest_or_seal_there_is_no_bundle(copy, name):
    (copy / name).unlink()
    assert "no bundle here" in str(refused(copy, BundleError))


def test_folders_that_are_no_bundle(tmp_path):
    (tmp_path / "letter.txt").write_text("hello")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "letter.txt"):
        error = refused(folder, BundleError)
        assert error.file == folder
        assert "paidan-train fit" in str(error)


def test_another_format_is_refused_with_both_numbers(copy):
    resealed(copy, format=99)
    error = refused(copy, BundleError)
    assert "99" in str(error)
    assert error.file == copy / "manifest.json"


@pytest.mark.parametrize("name", ["../outside.npy", "/etc/hostname", "arrays/../../outside.npy"])
def test_a_manifest_that_names_a_file_outside_is_refused(copy, name):
    outside = copy.parent / "outside.npy"
    outside.write_bytes(b"elsewhere")
    resealed(copy, files={name: hashlib.sha256(b"elsewhere").hexdigest()})
    assert "outside the bundle" in str(refused(copy))


def test_a_link_out_of_the_bundle_is_refused(copy):
    path = copy / "grams.json"
    outside = copy.parent / "grams.json"
    path.rename(outside)
    path.symlink_to(outside)
    assert "outside the bundle" in str(refused(copy))


class Trap:
    """What a pickle could hold."""

    sprung = False

    def __reduce__(self):
        return setattr, (Trap, "sprung", True)


def test_an_array_of_objects_is_refused_and_nothing_of_it_runs(copy):
    path = copy / "arrays" / "idf.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    assert b"setattr" in path.read_bytes()
    manifest = read_manifest_of(copy)
    resealed(copy, files=manifest["files"] | {"arrays/idf.npy": hashlib.sha256(path.read_bytes()).hexdigest()})
    refused(copy, BundleError)
    assert not Trap.sprung


def test_a_file_that_the_manifest_does_not_name_is_not_opened(copy):
    np.save(copy / "arrays" / "extra.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    assert load_triage(copy).pack.name == "yunling"
    assert not Trap.sprung


def test_an_array_of_objects_is_not_even_written(tmp_path, city_bundle):
    with pytest.raises(ValueError, match="allow_pickle"):
        save_array(tmp_path / "a.npy", np.array([Trap()], dtype=object))


@pytest.mark.parametrize("part", ["heads", "topics", "calibration", "topic_calibration", "neighbours"])
def test_a_manifest_that_lacks_a_part_of_the_model_is_refused(copy, part):
    model = read_manifest_of(copy)["model"]
    del model[part]
    resealed(copy, model=model)
    error = refused(copy, BundleError)
    assert part in str(error)
    assert error.file == copy


def read_manifest_of(folder):
    return json.loads((folder / "manifest.json").read_bytes())


@pytest.mark.parametrize("content", ["[]", "{", "{}", '{"format": 1}', '{"format": 1, "files": []}'])
def test_a_sealed_manifest_that_is_none_is_refused(copy, content):
    (copy / "manifest.json").write_text(content, encoding="utf-8")
    (copy / "manifest.sha256").write_text(hashlib.sha256(content.encode()).hexdigest(), encoding="ascii")
    assert "fit" in str(refused(copy, BundleError))


def test_arrays_that_do_not_fit_together_are_refused(copy):
    save_array(copy / "arrays" / "bias.npy", np.zeros(3, dtype=np.float32))
    facts = {
        key: value
        for key, value in json.loads((copy / "manifest.json").read_bytes()).items()
        if key not in ("files", "id", "format")
    }
    seal(copy, facts, name="yunling")
    assert "bias" in str(refused(copy, BundleError))
