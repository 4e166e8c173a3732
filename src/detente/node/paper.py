"""Paper mode: the current picture as one page that prints, for when the screens are dark."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

from detente.node.case_report import case_page, page_of, table_of
from detente.node.casework import Casework, describe_case
from detente.node.home import Home
from detente.node.notice_settings import Settings
from detente.node.responding import Responder
from detente.response import Sort, duties_of
from detente.response.notification import Plan, call_tree
from detente.signing import JsonValue, format_time
from detente.storage.disk import Disk, make_private_folder, write_whole
from detente.storage.errors import storage_faults

_CASES_MAX = 50
_EVERY = timedelta(hours=1)
_FILE = "picture.html"


def picture_page(home: Home, plan: Plan | None, now: datetime) -> bytes:
    """Return the picture as one page: open cases whole, duties, the call tree.

    Raises:
        StorageFault: the disk or the database refused.
    """
    responder = Responder(home, now=lambda: now)
    responder.bring_up()
    work = Casework(responder)
    names = _names(home)
    rows = work.listed(state="open", limit=_CASES_MAX)
    listed: list[dict[str, JsonValue]] = [
        {"case": row.id, "level": row.level, "title": row.title} for row in rows
    ]
    duties: list[dict[str, JsonValue]] = [
        {
            "plan": row.title,
            "level": each.level.value,
            "caller": each.caller,
            "called": each.called,
            "playbook": each.playbook,
        }
        for row in responder.shelf.threads(Sort.PLAN.value, limit=_CASES_MAX)
        for each in duties_of(responder.read(row.id))
    ]
    parts = [
        f"<p>Made {format_time(now)} at {escape(home.identity.name)}.</p><h2>Open cases</h2>",
        table_of(listed, ("level", "title", "case")),
        "<h2>Who calls whom</h2>",
        table_of(duties, ("level", "caller", "called", "playbook", "plan")),
    ]
    if plan is not None:
        parts.append(f"<pre>{escape(call_tree(plan))}</pre>")
    for row in rows:
        whole = work.read(row.id)
        document = describe_case(
            whole,
            me=home.identity.member,
            names=names,
            statements=work.statements(whole),
            now=now,
        )
        page = case_page(document, shared_only=False).decode()
        parts.append(page[page.index("<h1>") : page.rindex("</html>")])
    return page_of(f"Picture of {home.identity.name}", "".join(parts))


def keep_paper(home: Home, settings: Settings, folder: Path, now: Callable[[], datetime]) -> bool:
    """Write the picture once an hour; say whether it was written.

    Raises:
        StorageFault: the disk or the database refused.
    """
    file = folder / _FILE
    moment = now()
    with storage_faults(doing="looking at the printed picture", where=str(file)):
        age = moment.timestamp() - file.stat().st_mtime if file.exists() else None
    # A file from the future tells nothing of its age: the clock was set back.
    if age is not None and 0 <= age < _EVERY.total_seconds():
        return False
    if not folder.exists():
        make_private_folder(folder)
    write_whole(file, picture_page(home, settings.plan, moment), disk=Disk())
    with storage_faults(doing="dating the printed picture", where=str(file)):
        os.utime(file, (moment.timestamp(), moment.timestamp()))
    return True


def _names(home: Home) -> dict[str, str]:
    charter = home.charter
    members = () if charter is None else charter.members
    return {home.identity.member: home.identity.name, **{each.id: each.name for each in members}}
