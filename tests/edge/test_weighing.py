"""A running node weighs what comes and its tools follow at once: promotion, demotion, a restart.

(docs/threats.md: poisoned content; trust.md, section 6; real processes and sockets)
"""

import json
from urllib.request import Request, urlopen

from detente.node.acting import ASSETS_FILE
from tests.edge.running_nodes import eventually, running
from tests.edge.taxii_office import MEDIA_TYPE

NAME, SECOND, RESOLVER, OWN = "roll-check.example", "ballot-fix.example", "8.8.8.8", "5.188.10.7"


class Tool:
    """An outside tool with a token that reads the actionable collection of one node."""

    def __init__(self, node):
        self._node = node
        made = node.detente("token", "add", "siem", "--read", "*", "--json")
        self._secret = made["token"]
        self._root = node.url + self._get(f"{node.url}/taxii2/")["default"]

    def _get(self, url):
        headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {self._secret}"}
        with urlopen(Request(url, headers=headers), timeout=10) as answer:
            return json.load(answer)

    def patterns(self):
        """Return the patterns of what may be acted on, as it stands now."""
        found = self._get(f"{self._root}collections/actionable/objects/").get("objects", [])
        return sorted(each["pattern"] for each in found)


def detected(node, *values):
    return node.detente("indicators", "detected", *values, "--handshake", "--tlp", "green")["id"]


def why(node, value):
    return node.detente("indicators", "why", value)


def pattern(name):
    return f"[domain-name:value = '{name}']"


def test_a_second_origin_makes_it_act_and_a_dispute_a_retraction_and_a_restart_are_followed(
    tmp_path,
):
    with running(tmp_path, "Aurel", "Borea", "Cantor", start=False) as nodes:
        aurel, borea, cantor = nodes.values()
        (borea.directory / ASSETS_FILE).write_text("network 5.188.10.0/24  # the counter\n")
        # Each found it by itself: neither had the other's word.
        own = detected(borea, NAME, SECOND, RESOLVER, OWN)
        aurel.start()
        cantor.start()
        heard = detected(aurel, NAME, SECOND, RESOLVER, OWN)
        eventually(lambda: heard in cantor.statements(), within_s=30)
        borea.start()
        tool = Tool(borea)
        both = sorted(2 * [pattern(NAME), pattern(SECOND)])
        eventually(lambda: tool.patterns() == both, within_s=60, every_s=0.3)
        assert "public DNS resolvers" in str(why(borea, RESOLVER))
        # It alerts, for this node detected harm by it itself; acting on it would hit its own.
        assert why(borea, OWN)["level"] == "alerting"
        assert "our own network 5.188.10.0/24" in str(why(borea, OWN))

        borea.kill()
        borea.start()
        assert tool.patterns() == both

        cantor.detente("statement", "dispute", heard, "--reason", "our own update server")
        eventually(lambda: tool.patterns() == [], within_s=60, every_s=0.3)
        told = why(borea, NAME)
        assert [step["to"] for step in told["history"]][-2:] == ["actionable", "alerting"]
        assert any("disputes it" in each["words"] for each in told["reasons"])

        borea.detente("statement", "retract", own, "--reason", "a scanner of ours")
        eventually(lambda: "took its word" in str(why(borea, NAME)["reasons"]), within_s=60)


def test_a_node_answers_what_is_benign_by_itself_once_and_never_again(tmp_path):
    with running(tmp_path, "Aurel", "Borea", answering=True) as nodes:
        aurel, borea = nodes.values()
        said = detected(aurel, NAME, RESOLVER)

        def disputes():
            rows = borea.statements(issuer=borea.member).values()
            return [row["id"] for row in rows if row["kind"] == "dispute"]

        (answer,) = eventually(disputes, within_s=60, every_s=0.3)
        shown = str(borea.detente("statement", "show", answer))
        assert RESOLVER in shown
        assert said in shown
        assert NAME not in shown
        borea.kill()
        borea.start()
        later = detected(aurel, SECOND)
        eventually(lambda: later in borea.statements(), within_s=60)
        eventually(lambda: why(borea, SECOND)["level"] == "alerting", within_s=60)
        assert disputes() == [answer]
