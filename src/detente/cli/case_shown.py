"""A case on the terminal, and the casework of a lent node."""

from typing import TYPE_CHECKING

from detente.cli.output import coloured, say
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.casework import Casework
    from detente.node.home import Home
    from detente.signing import JsonValue


def casework_of(home: "Home") -> "Casework":
    """Return the casework of an open node, brought up to date."""
    from detente.node.casework import Casework
    from detente.node.clock import now
    from detente.node.responding import Responder

    responder = Responder(home, now=now)
    responder.bring_up()
    return Casework(responder)


def say_case(document: "dict[str, JsonValue]") -> None:
    """Show a case as `describe_case` describes it."""
    for name in ("id", "title", "kind", "level", "state"):
        say(f"{name}: {document[name]}")
    if document["waiting"]:
        say(
            coloured(f"{document['waiting']} entries that others name were never shown here", "red")
        )
    hypotheses, tasks, timeline = (document[name] for name in ("hypotheses", "tasks", "timeline"))
    if not (isinstance(hypotheses, list) and isinstance(tasks, list)):
        raise InputError("this is no case")
    for each in hypotheses:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        mark = "innocent" if each["innocent"] else "hostile"
        say(f"hypothesis {str(each['entry'])[:12]} ({mark}): {each['words']}")
    for each in tasks:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        late = " OVERDUE" if each["overdue"] else ""
        say(f"task {str(each['entry'])[:12]} [{each['state']}{late}] {each['title']} {each['due']}")
    for each in timeline if isinstance(timeline, list) else []:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        own = " (private)" if each["private"] else ""
        says = each["says"]
        words = says.get("words") or says.get("title") or "" if isinstance(says, dict) else ""
        say(f"{each['at']} {each['by']} {each['act']}{own} {str(each['entry'])[:12]}: {words}")
