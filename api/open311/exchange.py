"""One request to Open311: in which format it is answered, what it asks of which desk, and who asks."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyQuery, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.open311.description import FORM
from api.open311.desk import Desk
from api.open311.documents import ErrorOut
from api.open311.fields import Fields
from api.open311.refusal import TOLD, refusal_of, refused
from api.open311.rendering import Format, render
from triage.errors import NotReadyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and the desk that it came to; `caller` is None where no key is asked for."""

    desk: Desk
    form: Format
    fields: Fields
    caller: object = None

    def answer(self, name: str, content: BaseModel | Sequence[BaseModel]) -> Response:
        """Answer in the format that was asked for; the XML has the root element `name`."""
        return _answer(self.form, name, content)


class Route(APIRoute):
    """A route whose every error is one of Open311, but for bugs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except TOLD as error:
                refusal = refusal_of(error)
            errors = [ErrorOut(code=each.code, description=each.description) for each in refusal.complaints]
            form = _format(request) or Format.XML
            return _answer(form, "errors", errors, status=refusal.status, headers=refusal.headers)

        return answered


async def _opened(request: Request) -> Exchange:
    desk: Desk | None = getattr(request.app.state, "desk", None)
    form = _format(request)
    if form is None:
        raise refused(404, f"an address ends in .{' or .'.join(Format)}")
    if desk is None:
        raise NotReadyError
    fields = Fields.decoded(await _encoded(request))
    jurisdiction = fields.one("jurisdiction_id").strip()
    if jurisdiction and jurisdiction != desk.jurisdiction:
        raise refused(404, f"jurisdiction_id was not found; this is {desk.jurisdiction}")
    return Exchange(desk=desk, form=form, fields=fields)


Opened = Annotated[Exchange, Depends(_opened)]

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of `paidan keys create`")
_query = APIKeyQuery(
    name="api_key",
    auto_error=False,
    scheme_name="api_key",
    description="The same key, as Open311 has it; a form has a field of this name",
)


def _known(
    exchange: Opened,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    in_address: Annotated[str | None, Security(_query)],
) -> Exchange:
    key = exchange.fields.one("api_key").strip() or in_address or (bearer.credentials if bearer else "")
    caller = exchange.desk.caller(key or None)
    if caller is None:
        raise refused(403, "api_key was not provided" if not key else "api_key does not hold; ask for a new one")
    return Exchange(desk=exchange.desk, form=exchange.form, fields=exchange.fields, caller=caller)


Known = Annotated[Exchange, Depends(_known)]


async def _encoded(request: Request) -> bytes:
    if request.method != "POST":
        query: bytes = request.scope["query_string"]
        return query
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise refused(415, f"send the fields with Content-Type: {FORM}")
    return await request.body()


def _format(request: Request) -> Format | None:
    ending = request.path_params.get("format")
    return next((form for form in Format if form == ending), None)


def _answer(
    form: Format,
    name: str,
    content: BaseModel | Sequence[BaseModel],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    plain = (
        content.model_dump(mode="json")
        if isinstance(content, BaseModel)
        else [each.model_dump(mode="json") for each in content]
    )
    kind = {"Content-Type": f"{form.media_type}; charset=utf-8"}
    return Response(render(name, plain, form), status, {**kind, **(headers or {})})
