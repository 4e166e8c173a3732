"""Random rules and events over few names and short texts, so that they often meet."""

import orjson
from hypothesis import strategies as st

from detente.watch.sigma.model import RuleFile

NAMES = ("Image", "CommandLine", "User Name", "d.e", "Time", "Address")
SPELLINGS = (*NAMES, "image", "IMAGE", "UserName", "commandline", "Other", "_hidden")
LETTERS = "abAB-/\\ .é*?İK\n"
SOURCE = {"category": "process_creation", "product": "linux"}

words = st.text(LETTERS, max_size=5)
times = st.sampled_from(
    ["2024-02-29T23:59:01Z", "2020-01-01 00:30:00", "2021-06-15T12:00:00+02:00"]
)
addresses = st.sampled_from(["10.1.2.3", "10.1.9.9", "192.0.2.7", "2001:db8::1", "fe80::1", "no"])
numbers = st.sampled_from(["1", "10", "-3", "2.5", "007", "1_0", "x"])
scalars = st.one_of(
    words, times, addresses, numbers, st.integers(-3, 12), st.booleans(), st.none(),
    st.sampled_from([1.0, 2.5, 0.0]),
)  # fmt: skip
values = st.one_of(scalars, scalars, st.lists(scalars, max_size=3))
events = st.dictionaries(st.sampled_from(SPELLINGS), values, max_size=6)

texts = st.one_of(words, st.sampled_from(["*", "a*b", "?a", "*b?", r"a\*", "-a", "/b", "İ", "k"]))
patterns = st.sampled_from(["a", "^a.b", "[ab]+$", "A|b", "a{2,3}", r"\\", "(a|-)b", "."])
networks = st.sampled_from(["10.1.0.0/16", "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "::/0"])


def _several(one):
    return st.one_of(one, st.lists(one, min_size=1, max_size=3))


plain_items = st.tuples(st.sampled_from(["", "|cased"]), _several(texts))
text_items = st.tuples(
    st.sampled_from(
        [
            "|contains", "|startswith", "|endswith", "|contains|all", "|contains|windash",
            "|windash", "|endswith|cased", "|contains|cased", "|startswith|cased", "|all", "|neq",
            "|contains|neq",
        ]
    ),
    _several(texts),
)  # fmt: skip
other_items = st.one_of(
    st.tuples(st.sampled_from(["|re", "|re|i", "|re|m|s"]), _several(patterns)),
    st.tuples(st.just("|cidr"), _several(networks)),
    st.tuples(st.sampled_from(["|lt", "|lte", "|gt", "|gte"]), st.integers(-3, 12)),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(
        st.sampled_from(["|fieldref", "|fieldref|startswith", "|fieldref|contains"]),
        st.sampled_from(NAMES),
    ),
    st.tuples(st.sampled_from(["|hour", "|minute", "|week", "|day|gte"]), st.integers(0, 59)),
    st.tuples(st.just("|base64offset|contains"), st.sampled_from(["ab", "foo"])),
    st.tuples(st.just(""), st.one_of(st.none(), st.integers(-3, 12), st.booleans())),
)
items = st.one_of(plain_items, text_items, other_items)


@st.composite
def mappings(draw):
    made = {}
    for _ in range(draw(st.integers(1, 3))):
        modifiers, value = draw(items)
        made[draw(st.sampled_from(NAMES)) + modifiers] = value
    return made


keywords = st.one_of(
    st.lists(st.text("abAB-. kK", min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.sampled_from(["a*b", 10, "ab?", "10.1", "true"]), min_size=1, max_size=2),
    st.fixed_dictionaries({"|all": st.lists(st.sampled_from(["a", "b", "-"]), min_size=1)}),
)
selections = st.one_of(
    mappings(), mappings(), st.lists(mappings(), min_size=1, max_size=2), keywords
)
conditions = st.sampled_from(
    [
        "sel_a", "sel_a and not sel_b", "sel_a or sel_b", "not sel_a", "1 of sel_*", "all of them",
        "sel_c and not 1 of sel_*", "not (sel_a or sel_b) and sel_c", "sel_a and sel_b or sel_c",
        "not all of sel_*", "not not sel_a",
    ]
)  # fmt: skip


@st.composite
def rules(draw, number, logsource=None):
    return {
        "title": f"Rule {number}",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "status": "test",
        "level": "medium",
        "logsource": logsource or SOURCE,
        "detection": {
            "sel_a": draw(selections),
            "sel_b": draw(selections),
            "sel_c": draw(selections),
            "condition": draw(conditions),
        },
    }


def as_file(rules):
    """Return rules as a file; JSON is YAML."""
    text = b"\n---\n".join(orjson.dumps(rule) for rule in rules)
    return RuleFile("rules.yml", text)
