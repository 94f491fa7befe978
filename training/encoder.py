"""Where the vectors of words come from: the rows themselves, or a sentence-transformers model (extra `semantic`)."""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD

from models.arrays import Floats
from models.encoder import Encoder
from models.features import Features, Matrix
from triage.domain import Closure, Reading
from triage.errors import InputError

LSA, STATIC = "lsa", "static"
_DIMENSIONS = 128
_PAIRS_A_ROW = 2
_EPOCHS = 3
_BATCH = 256
_STEP = 0.01
_UNKNOWN = "[UNK]"
_MISSING = "needs the extra semantic: pip install '.[semantic]' (here a CPU build of torch goes first)"


def make_encoder(
    name: str, features: Features, matrix: Matrix, readings: Sequence[Reading], rows: Sequence[Closure], *, seed: int
) -> Encoder:
    """Make the encoder that is asked for.

    Parameters
    ----------
    name
        `lsa` (singular vectors of the rows), `static` (a StaticEmbedding trained from nothing on pairs of rows of one
        matter, by a contrastive loss), or the folder or name of any SentenceTransformer, from which the vectors of
        our words are taken.

    Raises
    ------
    InputError
        The extra is not installed, or there is no such model.
    """
    if name == LSA:
        return Encoder(_singular(features, matrix, seed))
    table = _trained(features, readings, rows, seed) if name == STATIC else _distilled(name, features)
    return Encoder(table.astype(np.float32))


def _singular(features: Features, matrix: Matrix, seed: int) -> Floats:
    words = matrix[:, len(features.grams) :]
    model = TruncatedSVD(n_components=min(_DIMENSIONS, words.shape[1] - 1), random_state=seed).fit(words)
    table: Floats = model.components_.T.astype(np.float32)
    return table


def _trained(features: Features, readings: Sequence[Reading], rows: Sequence[Closure], seed: int) -> Floats:
    """Train on pairs of rows of one topic, or of one unit where the rows have no topics."""
    library, torch = _library()
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415
    from tokenizers.pre_tokenizers import WhitespaceSplit  # noqa: PLC0415

    torch.manual_seed(seed)
    vocabulary = {word: at for at, word in enumerate(dict.fromkeys([_UNKNOWN, *features.words]))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    module = StaticEmbedding(tokenizer, embedding_dim=_DIMENSIONS)
    model = library.SentenceTransformer(modules=[module], device="cpu")
    loss = MultipleNegativesRankingLoss(model)
    steps = torch.optim.Adam(model.parameters(), lr=_STEP)
    pairs = _pairs([" ".join(word for word in one.tokens if word.strip()) for one in readings], rows, seed)
    for _ in range(_EPOCHS):
        random.Random(seed).shuffle(pairs)
        for start in range(0, len(pairs), _BATCH):
            sides = [list(side) for side in zip(*pairs[start : start + _BATCH], strict=True)]
            steps.zero_grad()
            loss([model.preprocess(side) for side in sides], None).backward()
            steps.step()
    weights = module.embedding.weight.detach().numpy()
    table: Floats = weights[[vocabulary[word] for word in features.words]]
    return table


def _pairs(texts: Sequence[str], rows: Sequence[Closure], seed: int) -> list[tuple[str, str]]:
    alike = defaultdict[tuple[str, ...], list[int]](list)
    for at, row in enumerate(rows):
        alike[row.topic or (row.unit,)].append(at)
    draw = random.Random(seed)
    return [
        (texts[at], texts[draw.choice(group)])
        for group in alike.values()
        if len(group) > 1
        for at in group
        for _ in range(_PAIRS_A_ROW)
    ]


def _distilled(name: str, features: Features) -> Floats:
    """Take what a model makes of each of our words by itself; its context is lost, and torch is not needed to serve."""
    library, _ = _library()
    try:
        model = library.SentenceTransformer(name, device="cpu", local_files_only=Path(name).exists())
    except (OSError, ValueError) as error:
        message = f"{name} is neither {LSA}, {STATIC} nor a SentenceTransformer: {str(error).splitlines()[0]}"
        raise InputError(message, field="encoder") from error
    table: Floats = model.encode(list(features.words), batch_size=256, show_progress_bar=False)
    return table


def _library() -> tuple[Any, Any]:
    try:
        import sentence_transformers  # noqa: PLC0415
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise InputError(_MISSING, field="encoder") from error
    return sentence_transformers, torch
