"""The contract's JSON Lines: appeals in, routed lines out, and a fault in the place of a line that cannot be used.

>>> appeal_from({"id": 7, "text": "路灯不亮"}).id
'7'
>>> [(id_, type(found).__name__) for id_, found in read_lines([b'{"id": "a", "text": "..."}', b"oops"])]
[('a', 'Appeal'), ('2', 'InputError')]
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from triage.domain import (
    Appeal,
    Decision,
    Due,
    MaskedSpan,
    Matter,
    Place,
    Question,
    RankedTopic,
    ReturnRisk,
    Routing,
    Suggestion,
)
from triage.errors import InputError
from triage.explanation import Explanation, Score
from triage.policy import Dialled, Policy

TEXT_LIMIT = 100_000
# Written so that Python and JSON Schema, which differ on what white space is, agree: OpenAPI shows this pattern.
TEXT_PATTERN = r"[^\s\u001c-\u001f\u0085\ufeff]"

Line = dict[str, Any]
Numbered = tuple[str, Appeal | InputError]

_WRITTEN = re.compile(TEXT_PATTERN)
_JSON_NAMES = {
    bool: "a truth value",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def appeal_from(value: object, *, number: int = 1) -> Appeal:
    """Check one decoded value; an appeal without an id is called by its number in the input.

    Raises
    ------
    InputError
        Not an object, or a field that is missing, of another type, empty or too long.
    """
    if not isinstance(value, dict):
        raise InputError(f'an object such as {{"text": "..."}} is expected, not {_named(value)}', code="not_an_object")
    if "text" not in value:
        raise InputError("missing; write what the citizen said", code="missing", field="text")
    return Appeal(
        id=id_from(value.get("id"), number=number),
        text=text_from(value["text"]),
        address=words_from(value.get("address"), field="address"),
        district=words_from(value.get("district"), field="district"),
        received_at=words_from(value.get("received_at"), field="received_at"),
        channel=words_from(value.get("channel"), field="channel"),
        returned_by=names_from(value.get("returned_by")),
    )


def id_from(value: object, *, number: int = 1) -> str:
    """Keep a text as it is, since answers are matched by it, and write a whole number as text."""
    if value is None:
        return str(number)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InputError(f"a text or a whole number is expected, not {_named(value)}", code="wrong_type", field="id")


def text_from(value: object) -> str:
    """Take what the citizen wrote, unchanged, if it holds anything and is not a book."""
    if not isinstance(value, str):
        raise InputError(f"a text is expected, not {_named(value)}", code="wrong_type", field="text")
    if not _WRITTEN.search(value):
        raise InputError("empty; write what the citizen said", code="empty_text", field="text")
    if len(value) > TEXT_LIMIT:
        message = f"{len(value):,} characters; at most {TEXT_LIMIT:,} are read"
        raise InputError(message, code="text_too_long", field="text")
    return value


def words_from(value: object, *, field: str) -> str | None:
    """Take a text, or nothing."""
    if value is None or isinstance(value, str):
        return value
    raise InputError(f"a text or null is expected, not {_named(value)}", code="wrong_type", field=field)


def names_from(value: object) -> tuple[str, ...]:
    """Take the units that sent an order back, by code or name, or nothing."""
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    message = f"a list of units is expected, the first handler first, not {_named(value)}"
    raise InputError(message, code="wrong_type", field="returned_by")


def appeals_from(values: Iterable[object]) -> Iterator[Numbered]:
    """Check each value by itself, numbered from 1."""
    for number, value in enumerate(values, 1):
        yield _checked(value, number)


def read_lines(stream: Iterable[bytes]) -> Iterator[Numbered]:
    """Read JSON Lines in UTF-8; empty lines are skipped, and no line spoils another.

    Lines are bytes, since a text stream stops at the first byte that is no UTF-8.
    """
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 - Windows programs begin a file with this mark
        if line.strip():
            try:
                yield _checked(_decoded(line), number)
            except InputError as error:
                yield str(number), error


def _checked(value: object, number: int) -> Numbered:
    try:
        appeal = appeal_from(value, number=number)
    except InputError as error:
        return _id_of(value, number), error
    return appeal.id, appeal


def _id_of(value: object, number: int) -> str:
    try:
        return id_from(value.get("id"), number=number) if isinstance(value, dict) else str(number)
    except InputError:
        return str(number)


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} of the line is no UTF-8; save the file as UTF-8"
        raise InputError(message, code="not_utf8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"no JSON: {error.msg}, character {error.pos + 1}", code="invalid_json") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets thousands deep
        raise InputError("JSON that is too large or too deep to read", code="invalid_json") from None


def error_line(id_: str, error: InputError) -> Line:
    """Tell what is wrong with a line, in its place."""
    return {"id": id_, "error": {"code": error.code, "message": str(error)}}


def masked_line(id_: str, masked: str, spans: Iterable[MaskedSpan]) -> Line:
    """Write a masked text, and where in the text as given personal data stood."""
    return {"id": id_, "masked": masked, "spans": [[span.start, span.end, span.type.value] for span in spans]}


def routed_line(routing: Routing) -> Line:
    """Write a routing as the contract has it."""
    return {
        "id": routing.appeal.id,
        "topics": [_topic(ranked) for ranked in routing.topics],
        "place": _place(routing.place),
        "suggestions": [_suggestion(suggestion) for suggestion in routing.suggestions],
        "decision": _decision(routing.decision),
        "matters": [_matter(matter) for matter in routing.matters],
        "kind": routing.kind or None,
        "urgency": routing.urgency.value,
        "due": _due(routing.due),
        "missing": [element.value for element in routing.missing],
        "question": _question(routing.question),
        "risk": _risk(routing.risk),
        "degraded": routing.degraded or None,
        "versions": {
            "bundle": routing.versions.bundle,
            "pack": routing.versions.pack,
            "policy": routing.versions.policy,
        },
    }


def explained_line(routing: Routing, explanation: Explanation | None) -> Line:
    """Write a routing as the contract has it, and beside it why it was made."""
    told = explanation and {
        "id": routing.appeal.id,
        "unit": explanation.unit.code,
        "name": explanation.unit.name,
        "scores": [_score(score) for score in explanation.scores],
        "clause": {"text": explanation.clause.text, "basis": explanation.clause.basis},
        "precedents": [
            {
                "id": precedent.id,
                "opened_on": precedent.opened_on,
                "topic": precedent.topic,
                "unit": precedent.unit.code,
                "name": precedent.unit.name,
                "similarity": _rounded(precedent.similarity),
            }
            for precedent in explanation.precedents
        ],
        "runner_up": explanation.runner_up
        and {
            "unit": explanation.runner_up.unit.code,
            "name": explanation.runner_up.unit.name,
            "gap": _rounded(explanation.runner_up.gap),
            "shares": {kind: _rounded(share) for kind, share in explanation.runner_up.shares.items()},
            "why": explanation.runner_up.why,
        },
    }
    return {"routing": routed_line(routing), "explanation": told}


def _score(score: Score) -> Line:
    return {
        "part": score.part,
        "of": score.of,
        "total": _rounded(score.total),
        "bias": _rounded(score.bias),
        "rest": _rounded(score.rest),
        "words": [
            {"span": [word.start, word.end], "text": word.text, "value": _rounded(word.value)} for word in score.words
        ],
    }


def promise_line(policy: Policy) -> Line:
    """Write what a policy promises, in each group, and what other promises would cost."""
    promise = policy.terms.promise
    return {
        "policy": policy.terms.version,
        "precision": promise.precision,
        "confidence": promise.confidence,
        "set": promise.set,
        "by": promise.by.value,
        "tried": policy.tried,
        "kept": {group: _dialled(dialled) for group, dialled in policy.kept.items()},
        "dial": [_dialled(dialled) for dialled in policy.dial],
    }


def _dialled(dialled: Dialled) -> Line:
    return {
        "promise": dialled.promise,
        "threshold": _rounded(dialled.threshold),
        "coverage": _rounded(dialled.coverage),
        "precision": _rounded(dialled.precision),
        "at_least": _rounded(dialled.at_least),
    }


def as_json(line: Line) -> bytes:
    """Encode a line; lone surrogates, which UTF-8 cannot hold, become the JSON escapes that they came as."""
    return json.dumps(line, ensure_ascii=False, separators=(", ", ": ")).encode("utf-8", "backslashreplace")


def _topic(ranked: RankedTopic) -> Line:
    topic = ranked.topic
    return {
        "code": topic.code,
        "name": topic.name,
        "path": list(topic.path),
        "probability": _rounded(ranked.probability),
    }


def _place(place: Place) -> Line:
    return {
        "district": place.district,
        "street": place.street,
        "community": place.community,
        "building": place.building,
        "evidence": list(place.evidence),
        "possible": list(place.possible),
        "question": place.question or None,
    }


def _suggestion(suggestion: Suggestion) -> Line:
    return {
        "unit": suggestion.unit.code,
        "name": suggestion.unit.name,
        "role": suggestion.role,
        "probability": _rounded(suggestion.probability),
        "reasons": list(suggestion.reasons),
    }


def _decision(decision: Decision) -> Line:
    return {
        "action": decision.action.value,
        "units": list(decision.units),
        "set": list(decision.set),
        "reason": decision.reason,
        "to": decision.to,
        "why": decision.why,
        "rules": [
            {"code": fired.rule.code, "citation": fired.rule.citation, "evidence": list(fired.evidence)}
            for fired in decision.rules
        ],
    }


def _matter(matter: Matter) -> Line:
    return {
        "span": [matter.start, matter.end],
        "topics": [_topic(ranked) for ranked in matter.topics],
        "place": _place(matter.place),
        "suggestions": [_suggestion(suggestion) for suggestion in matter.suggestions],
        "decision": _decision(matter.decision),
    }


def _due(due: Due | None) -> Line | None:
    if due is None:
        return None
    return {
        "dispatch_within": due.dispatch_within,
        "feedback_within": due.feedback_within,
        "dispatch_by": due.dispatch_by.isoformat() if due.dispatch_by else None,
        "feedback_by": due.feedback_by.isoformat() if due.feedback_by else None,
    }


def _question(question: Question | None) -> Line | None:
    return {"about": question.about.value, "text": question.text, "gain": question.gain} if question else None


def _risk(risk: ReturnRisk | None) -> Line | None:
    if risk is None:
        return None
    return {
        "unit": risk.unit.code,
        "probability": _rounded(risk.probability),
        "reason": risk.reason.value,
        "why": risk.why,
    }


def _rounded(probability: float) -> float:
    return round(float(probability), 6)  # float: numpy's own numbers are no JSON


def _named(value: object) -> str:
    return _JSON_NAMES.get(type(value), type(value).__name__)
