"""What is done with an order: sent, signed, sent back, merged, closed, called back, read as it was said, erased.

Every change takes `If-Match` with the version that whoever asks has seen. Of two who change one order at once the first
wins; the other is told with 412 what the order is by now, and with 409 if it takes the change no longer.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from api.access import Caller, ForbiddenError, May
from api.answers import Lines
from api.dependencies import (
    CurrentSettings,
    KnownVersion,
    OrderPath,
    ReadyHotline,
    WhoCallsBack,
    WhoCloses,
    WhoDispatches,
    WhoErases,
    WhoMerges,
    WhoReadsOriginals,
    WhoReturns,
    WhoSigns,
    json_only,
    own,
    shown_order,
)
from api.examples import ORDER_ID
from api.hotline import Hotline
from api.orders import (
    CallbackIn,
    ClosureIn,
    DispatchIn,
    MergeIn,
    OrderOut,
    OriginalOut,
    ReasonIn,
    ReturnIn,
    SignatureIn,
)
from api.problems import declared
from triage.errors import MissingError
from triage.ledger.originals import opened, private_key

_PROBLEMS = declared(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503)
router = APIRouter(tags=["orders"], dependencies=[Depends(json_only)], responses=_PROBLEMS)


@router.post(
    "/v1/appeals/{id}/dispatches",
    status_code=201,
    response_model=OrderOut,
    response_class=Lines,
    operation_id="dispatch",
)
def dispatch(
    order: OrderPath,
    what: Annotated[
        DispatchIn, Body(openapi_examples={"lead": {"value": {"unit": "cy-csglw", "assist": ["s110105026"]}}})
    ],
    caller: WhoDispatches,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """派单: send an order to the unit that leads it, and to those that assist; again after it came back (改派)."""
    hotline.ledger.order(order)
    for code in (what.unit, *what.assist):
        hotline.check_unit(code)
    assist = [code for code in dict.fromkeys(what.assist) if code != what.unit]
    hotline.ledger.dispatch(order, unit=what.unit, assist=assist, note=what.note, actor=caller.actor, version=version)
    return _changed(hotline, order)


@router.post(
    "/v1/appeals/{id}/signatures", status_code=201, response_model=OrderOut, response_class=Lines, operation_id="sign"
)
def sign(
    order: OrderPath,
    what: Annotated[SignatureIn, Body(openapi_examples={"signed": {"value": {}}})],  # noqa: ARG001 - see the class
    caller: WhoSigns,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """签收: the unit takes the order."""
    _own(hotline, order, caller)
    hotline.ledger.sign(order, actor=caller.actor, version=version)
    return _changed(hotline, order)


@router.post(
    "/v1/appeals/{id}/returns", status_code=201, response_model=OrderOut, response_class=Lines, operation_id="giveBack"
)
def give_back(
    order: OrderPath,
    what: Annotated[
        ReturnIn, Body(openapi_examples={"elsewhere": {"value": {"reason": "属地不符", "proposed": "hd-csglw"}}})
    ],
    caller: WhoReturns,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """退单: the unit sends the order back with its reason; the answer suggests others, but none that returned it."""
    _own(hotline, order, caller)
    if what.proposed:
        hotline.check_unit(what.proposed)
    hotline.give_back(
        order,
        reason=what.reason,
        proposed=what.proposed or "",
        note=what.note,
        actor=caller.actor,
        version=version,
    )
    return _changed(hotline, order)


@router.post(
    "/v1/appeals/{id}/merges", status_code=201, response_model=OrderOut, response_class=Lines, operation_id="merge"
)
def merge(
    order: OrderPath,
    what: Annotated[MergeIn, Body(openapi_examples={"same": {"value": {"into": ORDER_ID}}})],
    caller: WhoMerges,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """并单: the order is the same matter as another one, under which it goes on."""
    hotline.ledger.merge(order, into=what.into, actor=caller.actor, version=version)
    return _changed(hotline, order)


@router.post(
    "/v1/appeals/{id}/closures", status_code=201, response_model=OrderOut, response_class=Lines, operation_id="close"
)
def close(
    order: OrderPath,
    what: Annotated[
        ClosureIn,
        Body(
            openapi_examples={
                "done": {
                    "value": {"solution": "路灯已修复。", "contacted": True, "solved": True, "satisfaction": "满意"}
                }
            }
        ),
    ],
    caller: WhoCloses,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """办结: the order is done; who closed it in the end is what the next model learns from.

    What the citizen said can come along, or later as a call-back; from a unit it is not taken, since it is assessed by
    that. A unit closes its own orders alone, as itself.
    """
    _own(hotline, order, caller)
    if what.unit:
        hotline.check_unit(what.unit)
    hotline.ledger.close(
        order,
        unit=caller.unit or what.unit or "",
        solution=what.solution,
        said=what.said if caller.may(May.CALL_BACK) else None,
        actor=caller.actor,
        version=version,
    )
    return _changed(hotline, order)


@router.post(
    "/v1/appeals/{id}/callbacks",
    status_code=201,
    response_model=OrderOut,
    response_class=Lines,
    operation_id="callBack",
)
def call_back(
    order: OrderPath,
    what: Annotated[
        CallbackIn,
        Body(openapi_examples={"asked": {"value": {"contacted": True, "solved": False, "satisfaction": "不满意"}}}),
    ],
    caller: WhoCallsBack,
    hotline: ReadyHotline,
    version: KnownVersion,
) -> Response:
    """回访: what the citizen said after the order was closed. One that is not solved can be dispatched again."""
    hotline.ledger.call_back(order, what.said, note=what.note, actor=caller.actor, version=version)
    return _changed(hotline, order)


@router.post("/v1/appeals/{id}/readings", response_model=OriginalOut, response_class=Lines, operation_id="readOriginal")
def read_original(
    order: OrderPath,
    why: Annotated[ReasonIn, Body(openapi_examples={"why": {"value": {"reason": "承办单位需联系当事人"}}})],
    caller: WhoReadsOriginals,
    hotline: ReadyHotline,
    settings: CurrentSettings,
) -> Response:
    """Read an appeal as it was said. Who read it and why becomes an event before it is shown."""
    if settings.originals_private_key is None:
        raise MissingError("this service has no key to originals; `paidan originals read` opens them where it is")
    key = private_key(settings.originals_private_key)
    text, address = opened(key, hotline.ledger.original(order, reason=why.reason, actor=caller.actor))
    return Lines({"id": order, "text": text, "address": address})


@router.post(
    "/v1/appeals/{id}/erasures", status_code=201, response_model=OrderOut, response_class=Lines, operation_id="erase"
)
def erase(
    order: OrderPath,
    why: Annotated[ReasonIn, Body(openapi_examples={"why": {"value": {"reason": "当事人申请删除"}}})],
    caller: WhoErases,
    hotline: ReadyHotline,
) -> Response:
    """Erase what was written about an order; that it happened stays, and the chain still proves it."""
    hotline.ledger.erase(order, reason=why.reason, actor=caller.actor)
    return _changed(hotline, order)


def _own(hotline: Hotline, order: str, caller: Caller) -> None:
    """Refuse an order that is not the caller's; of its units the one that leads acts alone."""
    state = hotline.ledger.order(order)
    own(caller, state)
    if caller.unit and caller.unit != state.unit:
        raise ForbiddenError


def _changed(hotline: Hotline, order: str) -> Response:
    return shown_order(hotline, hotline.ledger.entry(order), status=201)
