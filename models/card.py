"""The model card: what a bundle is, what it was made from, how good it was, and what it must not be used for."""

from collections.abc import Mapping
from typing import Any

from triage.citypack import CityPack, counts

_FIGURES = {
    "rows": "rows tried",
    "top1": "right unit first",
    "top3": "right unit among the first 3",
    "top5": "right unit among the first 5",
    "coverage_at_95": "share that can be dispatched at 95 % precision",
    "calibration_error": "expected calibration error (15 bins)",
    "topic_rows": "rows tried for topics",
    "topic_top1": "right topic first, all levels",
    "topic_top3": "right topic among the first 3",
}


def model_card(pack: CityPack, about: Mapping[str, Any]) -> str:
    """Write the card in Markdown from what goes into the manifest."""
    window = about["window"]
    period = f"{window[0]} to {window[1]}" if window else "without dates"
    held = " ".join(f"{number} {what}," for what, number in counts(pack).items()).rstrip(",")
    left_out = [f"| {reason} | {count} |" for reason, count in about["left_out"].items()]
    figures = [f"| {label} | {about['metrics'][key]:g} |" for key, label in _FIGURES.items() if key in about["metrics"]]
    return "\n".join(
        [
            f"# Paidan bundle for {pack.title}",
            "",
            "Reads a citizen's appeal in Chinese and suggests the unit that must act, with a probability.",
            "",
            "## Data",
            f"{about['rows']} closed orders, {period}; {about['scheme']}.",
            f"The city pack {pack.name} {pack.version} holds {held}.",
            "",
            "| set aside because | rows |",
            "|---|---|",
            *left_out,
            "",
            "## How good it was",
            f"Measured on {about['tried_on']}.",
            "",
            "| figure | value |",
            "|---|---|",
            *figures,
            "",
            "## How it works",
            "Linear classifiers for unit, duty, district and topic levels over characters and words; the nearest",
            "closed orders; names found in the text. A small network, fitted on out-of-fold rows, ranks a short list.",
            "",
            "## Use and limits",
            "- For suggesting and dispatching appeals of this city. Another city needs its own bundle.",
            "- A unit that closed few orders is suggested for its duty and district, with less certainty.",
            "- The labels are the units that closed the orders: what operators did wrong, the bundle may repeat.",
            "- Emergencies are for the rules above the model, not for the model.",
            "- Texts were masked before learning, and no appeal is kept; but the index of closed orders tells which",
            "  characters and words stood together in one, so a bundle is as confidential as what it was made from.",
            "",
        ]
    )
