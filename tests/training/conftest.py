"""What the tests of the classifier share: they fit dozens of times, however well a ranker weighs."""

from collections.abc import Iterator

import joblib
import pytest


@pytest.fixture(scope="module")
def quick_rankers() -> Iterator[None]:
    """Let rankers take a few steps, and heads be fitted one after the other: a fit takes a fraction of a second."""
    with pytest.MonkeyPatch.context() as patch, joblib.parallel_config("sequential"):
        patch.setattr("models.ranker._FEWEST_STEPS", 40)
        patch.setattr("models.ranker._MEMBERS", 1)
        patch.setattr("models.ranker._PASSES", 4)
        yield
