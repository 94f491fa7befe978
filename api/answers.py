"""Answers as `triage.lines` writes JSON, so that files, pipes and HTTP give the same bytes."""

from starlette.responses import JSONResponse

from triage.lines import Line, as_json


class Lines(JSONResponse):
    """One JSON value."""

    def render(self, content: Line) -> bytes:
        return as_json(content)
