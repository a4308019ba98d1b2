"""The HTML report: one page, no script, no external resources; each file and its result."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from mediaprep.record import Prepared
from mediaprep.rules.base import megabytes
from mediaprep.running import sandbox, staging
from mediaprep.version import __version__

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5rem; border-bottom: 1px solid #ddd }
.ready { color: #176b2c } .rejected, .failed { color: #a3201d }
ul { margin: 0; padding-left: 1.1rem } td.n { text-align: right; white-space: nowrap }
"""


def write_report(records: Sequence[Prepared], path: str | Path) -> None:
    """Write the page. Raises `OutputError` or `DiskFull`."""
    target = Path(path)
    with staging.writing(target):
        scratch = target.with_name(f".{target.name}.part")
        scratch.write_text(page(records), encoding="utf-8")
        scratch.replace(target)


def page(records: Sequence[Prepared]) -> str:
    """The page as HTML."""
    counts = {status: sum(1 for r in records if r.status == status) for status in ("ready", "rejected", "failed")}
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    rows = "\n".join(_row(record) for record in sorted(records, key=lambda record: record.source))
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>mediaprep report</title>\n'
        f"<style>{STYLE}</style>\n"
        f"<h1>mediaprep report</h1>\n<p>{len(records)} files: {said or 'no files found'}. "
        f"mediaprep {__version__}; ffmpeg confined by {html.escape(sandbox.level())}.</p>\n"
        "<table><thead><tr><th>file<th>status<th>target<th>action<th>size<th>findings and changes</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></html>\n"
    )


def _row(record: Prepared) -> str:
    said = [f"{finding.code} {finding.message}" for finding in record.findings]
    said += [f"still: {f.code} {f.message}" for f in record.remaining if f not in record.findings]
    said += [f"changed: {change}" for change in record.changes]
    if record.error is not None:
        said.append(record.error.message)
    items = "".join(f"<li>{html.escape(one)}</li>" for one in said)
    where = f"<br>→ {html.escape(record.path)}" if record.path else ""
    size = megabytes(record.bytes) if record.bytes is not None else ""
    return (
        f"<tr><td>{html.escape(record.source)}{where}<td class={record.status}>{record.status}"
        f"<td>{record.target or ''}<td>{record.action or ''}<td class=n>{size}<td><ul>{items}</ul></tr>"
    )
