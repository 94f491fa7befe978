"""What was learned, as a folder: plain arrays, the city pack it was fitted with, a manifest and a model card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from models.artifact import Verified, save_array, seal, verified
from models.assessor import LearnedAssessor
from models.calibration import Calibration
from models.card import model_card
from models.encoder import Encoder
from models.features import Features
from models.learned import Learned, Ranking
from models.matters import Splitter, Trees
from models.neighbours import ClosedOrder, Neighbours
from models.outside import Outside
from models.promise import Tried, make_policy
from models.ranker import Ranker
from models.scorer import Scorer
from models.topic import TopicRanking, TopicTable
from triage.citypack import CityPack, fingerprint, load_pack, write_pack
from triage.directory import today
from triage.domain import Versions
from triage.errors import BundleError, InputError
from triage.pipeline import Triage
from triage.text import Reader, Segmenter

_RANKER_ARRAYS = ("mean", "scale", "inner", "bias", "outer")
_TREES = ("feature", "threshold", "left", "right", "value")
_TRIED_ARRAYS = ("sure", "right", "unit", "topic", "owned", "weight")


def save(folder: Path, *, learned: Learned, tried: Tried, pack: CityPack, about: Mapping[str, object]) -> None:
    """Write a bundle. The same content gives the same bytes, so the same digests.

    Parameters
    ----------
    tried
        What the promises follow from; they are made when the bundle is opened, from the terms of the pack.
    about
        Goes into the manifest and the model card: data window, counts, metrics.
    """
    for part in ("arrays", "pack"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    write_pack(pack, folder / "pack")
    for name, values in _arrays(learned).items():
        save_array(folder / "arrays" / f"{name}.npy", values)
    for part in _TRIED_ARRAYS:
        save_array(folder / "arrays" / f"tried_{part}.npy", getattr(tried, part))
    _write_lines(folder / "grams.json", learned.features.grams)
    _write_lines(folder / "words.json", learned.features.words)
    _write_lines(folder / "orders.json", [[order.id, order.opened_on, order.topic] for order in learned.orders])
    (folder / "README.md").write_text(model_card(pack, about), encoding="utf-8")
    facts = {**about, "made_with": _made_with(pack), "model": _model(learned)}
    seal(folder, facts, name=pack.name)


def load_triage(folder: Path, *, city: CityPack | None = None) -> Triage:
    """Open a bundle, ready to route.

    Parameters
    ----------
    city
        A pack whose terms, rules and directory are taken in the place of those in the bundle; what the bundle learned,
        the units and topics among it, stays.

    Raises
    ------
    BundleError
        No bundle, or one of another format.
    TamperedError
        A file was changed or is missing.
    """
    folder = Path(folder)
    bundle = verified(folder)
    manifest = bundle.manifest
    try:
        pack = load_pack(folder / "pack")
        learned = _learned(bundle, pack)
        if city:
            pack = governed_by(pack, city)
        policy = make_policy(
            pack,
            learned.topics.table.topics if learned.topics else (),
            Tried(**{part: bundle.array(f"arrays/tried_{part}.npy") for part in _TRIED_ARRAYS}),
            dispatches=bool(learned.orders),
            on=today(),
        )
        versions = Versions(bundle=manifest["id"], pack=f"{pack.name} {pack.version}", policy=pack.terms.version)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the bundle is not complete ({error!r}); fit it anew", file=folder) from error
    assessor = LearnedAssessor(pack, learned)
    return Triage(
        reader=Reader(Segmenter(pack.words)),
        assessor=assessor,
        explainer=assessor,
        policy=policy,
        pack=pack,
        versions=versions,
    )


def governed_by(pack: CityPack, city: CityPack) -> CityPack:
    """Return a bundle's pack with the terms, rules and directory of another.

    Raises
    ------
    InputError
        The directory is about a topic that the bundle does not have.
    """
    topics = {topic.code for topic in pack.topics}
    if odd := sorted({mandate.topic for mandate in city.mandates} - topics):
        message = f"the directory leads topics that the bundle has not learned: {', '.join(odd[:3])}; fit it anew"
        raise InputError(message, file=city.name)
    return replace(pack, terms=city.terms, rules=city.rules, mandates=city.mandates)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a verified bundle: versions, data window, counts, metrics and digests."""
    return verified(Path(folder)).manifest


def _arrays(learned: Learned) -> dict[str, Any]:
    index, ranker = learned.neighbours.index, learned.units.ranker
    return {
        "idf": learned.features.idf,
        **({"encoder": learned.encoder.table} if learned.encoder else {}),
        "weights": learned.scorer.weights,
        "columns": learned.scorer.columns,
        "bias": learned.scorer.bias,
        "neighbours_data": index.data.astype(np.float16),
        "neighbours_indices": index.indices,
        "neighbours_indptr": index.indptr,
        "neighbours_labels": learned.neighbours.labels,
        "experience": learned.experience,
        **({f"trees_{part}": getattr(learned.splitter.trees, part) for part in _TREES} if learned.splitter else {}),
        **({"outside_reached": learned.outside.reached} if learned.outside else {}),
        **{f"ranker_{part}": getattr(ranker, part) for part in _RANKER_ARRAYS},
    }


def _made_with(pack: CityPack) -> dict[str, str]:
    libraries = {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "rjieba")}
    return {**libraries, "pack": fingerprint(pack), "segmenter": Segmenter(pack.words).fingerprint}


def _model(learned: Learned) -> dict[str, object]:
    """Return what of the model is not an array."""
    return {
        "heads": list(learned.scorer.heads.items()),
        "neighbours": list(learned.neighbours.index.shape),
        "calibration": asdict(learned.units.calibration),
        "topics": [topic.code for topic in learned.topics.table.topics] if learned.topics else [],
        "outside": list(map(list, learned.outside.destinations)) if learned.outside else [],
        "splitter": _splitter_facts(learned.splitter),
        "topic_calibration": asdict(learned.topics.calibration) if learned.topics else None,
    }


def _learned(bundle: Verified, pack: CityPack) -> Learned:
    model = bundle.manifest["model"]
    names = [name for name in bundle.files if name.startswith("arrays/")]
    arrays = {Path(name).stem: bundle.array(name) for name in names}
    heads = dict(model["heads"])
    dense = arrays["encoder"].shape[1] if "encoder" in arrays else 0
    expected = {"weights": (len(arrays["idf"]) + dense, len(arrays["columns"])), "bias": (sum(heads.values()),)}
    expected["experience"] = (len(pack.units),)
    if odd := [name for name, shape in expected.items() if arrays[name].shape != shape]:
        raise ValueError(f"arrays of another shape than the manifest says: {', '.join(odd)}")
    ranker = Ranker(**{part: arrays[f"ranker_{part}"] for part in _RANKER_ARRAYS})
    index = csr_matrix(
        (arrays["neighbours_data"].astype(np.float32), arrays["neighbours_indices"], arrays["neighbours_indptr"]),
        shape=tuple(model["neighbours"]),
    )
    return Learned(
        features=Features(
            grams=json.loads(bundle.files["grams.json"]),
            words=json.loads(bundle.files["words.json"]),
            idf=arrays["idf"],
        ),
        encoder=Encoder(arrays["encoder"]) if "encoder" in arrays else None,
        scorer=Scorer(heads=heads, weights=arrays["weights"], columns=arrays["columns"], bias=arrays["bias"]),
        neighbours=Neighbours(index=index, labels=arrays["neighbours_labels"], count=len(pack.units)),
        experience=arrays["experience"],
        units=Ranking(ranker=ranker, calibration=Calibration(**model["calibration"])),
        topics=_topics(model, pack),
        outside=Outside(
            destinations=tuple((to, group) for to, group in model["outside"]), reached=arrays["outside_reached"]
        )
        if model["outside"]
        else None,
        splitter=_splitter(model["splitter"], arrays),
        orders=tuple(
            ClosedOrder(id=id_, opened_on=opened_on, topic=topic)
            for id_, opened_on, topic in json.loads(bundle.files["orders.json"])
        ),
    )


def _splitter_facts(splitter: Splitter | None) -> dict[str, float] | None:
    if splitter is None:
        return None
    return {"threshold": splitter.threshold, "baseline": splitter.trees.baseline, "depth": splitter.trees.depth}


def _splitter(facts: Mapping[str, Any] | None, arrays: Mapping[str, Any]) -> Splitter | None:
    if facts is None:
        return None
    parts = {part: arrays[f"trees_{part}"] for part in _TREES}
    trees = Trees(**parts, baseline=facts["baseline"], depth=facts["depth"])
    return Splitter(trees=trees, threshold=facts["threshold"])


def _topics(model: Mapping[str, Any], pack: CityPack) -> TopicRanking | None:
    if not model["topics"]:
        return None
    topics = {topic.code: topic for topic in pack.topics}
    table = TopicTable([topics[code] for code in model["topics"]])
    return TopicRanking(table=table, calibration=Calibration(**model["topic_calibration"]))


def _write_lines(path: Path, terms: Sequence[object]) -> None:
    path.write_text(json.dumps(terms, ensure_ascii=True, separators=(",", ":")), encoding="ascii")
