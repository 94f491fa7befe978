"""A fitted bundle told to MLflow, which a city may already keep its experiments in (extra `tracking`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.bundle import read_manifest
from triage.errors import InputError

EXPERIMENT = "paidan"
_CARD = ("README.md", "manifest.json", "manifest.sha256")
_FACTS = ("seed", "rows", "taught", "outside", "scheme", "tried_on")
_MISSING = "needs the extra tracking: pip install '.[tracking]'"


def log_run(
    bundle: Path, figures: Mapping[str, float] | None = None, *, experiment: str = EXPERIMENT, server: str = ""
) -> str:
    """Log a bundle as one run, called after its id, and return the run's id.

    Card and manifest are kept with the run. The arrays are not: they are as confidential as the orders.

    Parameters
    ----------
    figures
        What was measured since, such as by `paidan-train evaluate`, beside the metrics in the manifest.
    server
        Address of the tracking server; empty for what MLflow's own settings say.

    Raises
    ------
    InputError
        MLflow is not installed.
    BundleError
        The folder is no bundle; TamperedError if a file was changed.
    """
    mlflow, manifest = _mlflow(), read_manifest(bundle)
    if server:
        mlflow.set_tracking_uri(server)
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=manifest["id"]) as run:
        mlflow.log_params(_params(manifest))
        mlflow.log_metrics({**manifest["metrics"], **(figures or {})})
        for name in _CARD:
            mlflow.log_artifact(str(Path(bundle) / name))
    return str(run.info.run_id)


def _params(manifest: Mapping[str, Any]) -> dict[str, object]:
    window = manifest.get("window") or ("", "")
    return {
        "bundle": manifest["id"],
        **{fact: manifest[fact] for fact in _FACTS if fact in manifest},
        "from": window[0],
        "to": window[1],
        **{f"made_with.{name}": version for name, version in manifest["made_with"].items()},
        **{f"left_out.{reason}": count for reason, count in manifest["left_out"].items()},
    }


def _mlflow() -> Any:  # noqa: ANN401 - a library that need not be there
    try:
        import mlflow  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError as error:
        raise InputError(_MISSING, field="mlflow") from error
    return mlflow
