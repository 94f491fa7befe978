"""A page that stands alone: sections, tables that scroll by themselves, and what is folded away."""

from collections.abc import Iterable, Sequence
from html import escape

from training.wording import Says

Column = tuple[str, bool]
"""What stands above a column, and whether it holds numbers."""

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1b2430;
background:#f3f4f1;margin:0 auto;padding:1rem;max-width:72rem;overflow-wrap:break-word}
section{background:#fff;border:1px solid #d9dde0;border-radius:6px;padding:.5rem 1.25rem 1rem;
margin:0 0 1rem;min-width:0}
h1,h2,h3{line-height:1.25}h3{margin:1.25rem 0 .25rem;font-size:1.05rem}p{margin:.5rem 0}
.wide{overflow-x:auto}.wide:focus-visible{outline:2px solid #1c4e8a}table{border-collapse:collapse;min-width:50%}
th,td{text-align:left;padding:.25rem .75rem;border-bottom:1px solid #d9dde0;vertical-align:top}
th{vertical-align:bottom}td{min-width:7em}th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;min-width:0}
td.n{white-space:nowrap}th.n{min-width:4.5em}.wide+.wide{margin-top:1rem}code{overflow-wrap:anywhere}
svg{width:30rem;max-width:100%;font-size:11px}.ok{color:#1f6b45}.no{color:#a6242a}.note{color:#4a5563}
summary{cursor:pointer;color:#1c4e8a;padding:.25rem 0}dt{font-weight:600}dd{margin:0 0 .5rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:0 1rem}
@media(max-width:30rem){body{padding:.5rem}section{padding:.25rem .75rem .75rem}th,td{padding:.25rem .4rem}}
"""


def page(title: str, parts: Iterable[str], say: Says) -> str:
    """Write a page that needs nothing from elsewhere, and runs nothing."""
    return (
        f'<!doctype html><html lang="{say.either("zh-CN", "en")}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def section(title: str, body: str) -> str:
    """Put a heading above what belongs together; nothing where there is nothing."""
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def paragraph(text: str, kind: str = "") -> str:
    """Write a paragraph of plain text."""
    return f"<p{f' class={kind!r}' if kind else ''}>{escape(text)}</p>"


def table(columns: Iterable[Column], rows: Iterable[Sequence[object]], *, name: str) -> str:
    """Write a table, which scrolls sideways where it is too wide; `name` is what it is called when read aloud."""
    head = list(columns)
    kinds = [' class="n"' if number else "" for _, number in head]
    top = "".join(f'<th scope="col"{kind}>{escape(said)}</th>' for (said, _), kind in zip(head, kinds, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{escape(str(cell))}</td>' for cell, kind in zip(row, kinds, strict=True))}</tr>"
        for row in rows
    )
    return (
        f'<div class="wide" role="group" tabindex="0" aria-label="{escape(name)}">'
        f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, body: str) -> str:
    """Fold away what few need."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def from_markdown(text: str, *, name: str) -> str:
    """Write headings, paragraphs, lists and tables of Markdown, which is all that a model card has."""
    blocks = (block for part in text.split("\n\n") for block in _blocks(part.splitlines()))
    return "".join(_block(block, name) for block in blocks)


def _blocks(lines: Sequence[str]) -> Iterable[list[str]]:
    """Part a heading from what stands right under it."""
    block: list[str] = []
    for line in lines:
        if line.startswith("#"):
            yield block
            yield [line]
            block = []
        else:
            block.append(line)
    yield block


def _block(lines: Sequence[str], name: str) -> str:
    first = lines[0] if lines else ""
    if first.startswith("#"):
        return f"<h3>{escape(first.lstrip('# '))}</h3>"
    if first.startswith("|"):
        head, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
        return table([(said, at > 0) for at, said in enumerate(head)], rows, name=f"{name}: {head[0]}")
    if first.startswith("- "):
        items = "\n".join(lines)[2:].split("\n- ")
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
    return paragraph("\n".join(lines)) if lines else ""
