"""No rule that could fire is called blind, and none that could not is called able. (issue 4, 5)"""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch.coverage import CoverageFacts, can_hold, cover
from detente.watch.kernel import KEYWORDS, FieldAtoms, Fields, Kernel, Op
from detente.watch.kernel.trees import compile_tree
from detente.watch.sigma.compiling import compile_rules
from tests.core.watch.kernel import makers
from tests.shared import scaled

NAMES = ("a", "b", "c")
# Of each field: two values, presence, absence; of a also a comparison with b.
ATOMS = [
    (str(Op.IS), "x"),
    (str(Op.CONTAINS), "y"),
    (str(Op.EXISTS), None),
    (str(Op.MISSING), None),
]
TABLE = [
    FieldAtoms(name, 5 * at, [*ATOMS, (str(Op.FIELD), ["b", "is"])])
    for at, name in enumerate(NAMES)
]
TABLE.append(FieldAtoms(KEYWORDS, 15, [(str(Op.CONTAINS), "word")]))
FIELDS = Fields(TABLE)

trees = st.recursive(
    st.one_of(st.integers(0, 15), st.booleans()),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner).map(list),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: [pair[0], *pair[1]]
        ),
    ),
    max_leaves=9,
)


def some_event_holds(tree, seen):
    """Try every event: which fields are there, and what their values satisfy."""
    test = compile_tree(tree)
    for there in product(*([False, True] if name in seen else [False] for name in NAMES)):
        fixed, free = set(), []
        for place, is_there in enumerate(there):
            fixed.add(5 * place + (2 if is_there else 3))
            if is_there:
                free += [5 * place, 5 * place + 1]
                free += [5 * place + 4] if there[1] else []
        # A keyword may be in a field that no rule names, where one was seen.
        free += [15] if any(there) or "" in seen else []
        for choice in product([False, True], repeat=len(free)):
            if test(fixed | {atom for atom, holds in zip(free, choice, strict=True) if holds}):
                return True
    return False


@settings(max_examples=scaled(300, 20_000), deadline=None)
@given(trees, st.sets(st.sampled_from([*NAMES, ""])))
def test_what_can_hold_is_what_some_event_with_those_fields_makes_true(tree, seen):
    assert can_hold(tree, FIELDS, seen) is some_event_holds(tree, seen)


def test_a_denied_field_that_never_comes_keeps_no_rule_silent():
    assert can_hold(["and", 0, ["not", 5]], FIELDS, {"a"})
    assert not can_hold(["and", 0, 5], FIELDS, {"a"})
    assert can_hold(["or", 0, 5], FIELDS, {"a"})


def test_presence_asked_twice_contradicts_itself():
    assert not can_hold(["and", 2, 3], FIELDS, {"a"})
    assert not can_hold(["and", 0, 3], FIELDS, {"a"})
    assert can_hold(3, FIELDS, set())


@settings(max_examples=scaled(60, 3_000), deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True), st.data())
def test_a_rule_that_fires_is_never_called_blind(numbers, data):
    files = [makers.as_file([data.draw(makers.rules(number)) for number in numbers])]
    rules = compile_rules(files)
    found = data.draw(st.lists(makers.events, min_size=1, max_size=4))
    events = [{**event, "_ls": makers.SOURCE} for event in found]
    everything = range(len(rules.program.rules))
    facts = CoverageFacts(rules.program)
    for event in events:  # batch by batch or at once is the same
        facts.observe([event])
    fired = {rule for match in Kernel(rules.program).match(events) for rule in match.rules}
    assert fired <= cover(rules, frozenset(everything), facts).firing
    at_once = CoverageFacts(rules.program)
    at_once.observe(events)
    wanted = frozenset(everything)
    assert cover(rules, wanted, at_once) == cover(rules, wanted, facts)
