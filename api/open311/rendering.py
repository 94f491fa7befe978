"""One answer as XML or as JSON.

The specification derives its JSON from the XML: a list is an element that holds one element for each item, and what is
not known is an empty element, or null.

>>> render("errors", [{"code": 403, "description": "a < b"}], Format.JSON).decode()
'[{"code": 403, "description": "a < b"}]'
>>> render("errors", [{"code": 403, "description": "a < b"}], Format.XML).decode().splitlines()[1]
'<errors><error><code>403</code><description>a &lt; b</description></error></errors>'
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from xml.etree.ElementTree import Element, tostring


class Format(StrEnum):
    """In what an answer is written; the ending of the address says so."""

    XML = "xml"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return "text/xml" if self is Format.XML else "application/json"


_ITEM_OF = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "candidates": "candidate",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(name: str, content: object, form: Format) -> bytes:
    """Write an answer whose XML has the root element `name`; characters that XML cannot hold are left out of it."""
    if form is Format.XML:
        body: bytes = tostring(_element(name, content), encoding="utf-8", xml_declaration=False)
        return _DECLARATION + body
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _element(name: str, value: object) -> Element:
    element = Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, inner) for key, inner in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ITEM_OF[name], inner) for inner in value)
    elif value is not None:
        element.text = _FORBIDDEN.sub("", value if isinstance(value, str) else json.dumps(value))
    return element
