"""A running node weighs what comes and its tools follow at once: promotion, demotion, a restart.

(docs/threats.md: poisoned content; trust.md, section 6; real processes and sockets)
"""

import json
from urllib.parse import quote
from urllib.request import Request, urlopen

from detente.node.acting import ASSETS_FILE
from detente.node.outside import rows_of
from detente.watch.values import pattern_of
from tests.edge.running_nodes import eventually, running
from tests.edge.taxii_office import MEDIA_TYPE
from tests.shared import shared_path

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
        url, more = f"{self._root}collections/actionable/objects/?limit=1000", ""
        found = []
        while True:
            page = self._get(url + more)
            found += [each["pattern"] for each in page.get("objects", [])]
            if not page.get("more"):
                return sorted(found)
            more = f"&next={quote(page['next'])}"


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


def test_grizzly_steppe_between_nodes_only_its_clean_rows_act_and_each_row_says_why(tmp_path):
    table = shared_path("data", "indicators", "grizzly-steppe.csv")
    known = shared_path("data", "indicators", "expected_noise.json").read_text(encoding="utf-8")
    expected = json.loads(known)
    noisy = {each["row"]: each["lists"] for each in expected["noise"]}
    rows = rows_of(table, table.read_bytes())
    with running(tmp_path, "Aurel", "Borea", "Cantor", start=False) as nodes:
        aurel, borea, cantor = nodes.values()
        # Borea found every one of these values itself, before it had Aurel's word.
        detected(borea, *dict.fromkeys(row.item.value for row in rows if row.item is not None))
        aurel.start()
        cantor.start()
        said = aurel.detente("statement", "publish", table, "--tlp", "green")["id"]
        eventually(lambda: said in cantor.statements(), within_s=60, every_s=0.5)

        def report(node):
            return node.detente("indicators", "report", table)

        alone = {"alerting": expected["rows"]}
        eventually(lambda: report(cantor)["counts"] == alone, within_s=60, every_s=0.5)
        assert Tool(cantor).patterns() == []

        borea.start()
        clean = set(range(expected["rows"])) - noisy.keys()
        counts = {"actionable": len(clean), "alerting": len(noisy)}
        eventually(lambda: report(borea)["counts"] == counts, within_s=120, every_s=1)
        told = report(borea)["rows"]
        assert {row["row"] for row in told if row["level"] == "actionable"} == clean
        for row in told:
            assert row["why"], "every row says why"
            lists = noisy.get(row["row"], [])
            assert len(row["lists"]) == len(lists)
            assert all(any(name in words for words in row["lists"]) for name in lists)
        # What a tool of Borea's is given follows row by row.
        tool = Tool(borea)
        wanted = {pattern_of(rows[number].item) for number in clean}
        eventually(lambda: set(tool.patterns()) == wanted, within_s=60, every_s=1)
