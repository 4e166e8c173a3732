"""A received rule is data: what is wrong with it is seen before it runs. (A10 to A13)"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch import Assets, Standing, examine_rule

ASSETS = Assets.parse("network 203.0.113.0/24\ndomain rival.example\n")
SIGMA = """title: x
logsource:
  category: proxy
detection:
  selection:
    c-uri|re: {regex}
  filter_own:
    dst_ip:
      - {exempt}
  condition: selection and not filter_own
"""


def checks(language, text):
    standing, findings = examine_rule(language, text, ASSETS)
    return standing, {each.check for each in findings}


def test_a_plain_rule_waits_in_quarantine():
    assert checks("sigma", SIGMA.format(regex="evil[0-9]{1,3}", exempt="192.0.2.1")) == (
        Standing.QUARANTINED,
        set(),
    )
    assert checks("yara", 'rule a { strings: $a = "evil" condition: $a }') == (
        Standing.QUARANTINED,
        set(),
    )


@pytest.mark.parametrize("regex", ["(a+)+$", "(a|b*)*c", r"(x)\1", "(?=a)b", "a{2000}"])
def test_a10_a_regex_that_may_take_for_ever_is_flagged(regex):
    assert checks("sigma", SIGMA.format(regex=regex, exempt="192.0.2.1")) == (
        Standing.FLAGGED,
        {"backtracking"},
    )
    assert checks("yara", f"rule a {{ strings: $a = /{regex}/ condition: $a }}")[0] is (
        Standing.FLAGGED
    )


@pytest.mark.parametrize("regex", ["[a-z]*", ".*", "^.+$"])
def test_a11_a_regex_that_matches_all_is_flagged(regex):
    assert "too-broad" in checks("sigma", SIGMA.format(regex=regex, exempt="192.0.2.1"))[1]


@pytest.mark.parametrize("exempt", ["203.0.113.7", "203.0.113.0/28", "www.rival.example"])
def test_a12_a_rule_that_looks_away_from_its_issuer_is_flagged(exempt):
    standing, found = checks("sigma", SIGMA.format(regex="evil", exempt=exempt))
    assert (standing, found) == (Standing.FLAGGED, {"exempts-issuer"})
    yara = f'rule a {{ strings: $a = "{exempt}" $b = "x" condition: $b and not $a }}'
    assert checks("yara", yara)[1] == {"exempts-issuer"}


def test_a12_a_condition_on_lines_of_its_own_hides_nothing():
    text = SIGMA.replace("condition: ", "condition: >\n    ").format(
        regex="evil", exempt="203.0.113.7"
    )
    assert checks("sigma", text)[1] == {"exempts-issuer"}


def test_a12_naming_the_issuer_without_looking_away_is_no_fault():
    text = SIGMA.replace("and not filter_own", "and filter_own")
    assert checks("sigma", text.format(regex="evil", exempt="203.0.113.7"))[1] == set()


@pytest.mark.parametrize(
    "text",
    [
        'include "other.yar"\nrule a { condition: true }',
        'import "pe"\nrule a { condition: true }',
        'rule a { condition: true } import "cuckoo"',
        '/* " */ include "x" /* " */ rule a { condition: true }',
        '// "\ninclude "x"\nrule a { condition: true }',
        "rule a { condition: external }",
    ],
)
def test_a13_a_rule_that_reaches_outside_is_refused(text):
    assert checks("yara", text)[0] is Standing.REFUSED


def test_a13_a_word_in_a_string_or_comment_is_no_reach():
    text = '// import it\nrule a { strings: $a = "include" condition: $a } /* import "x" */'
    assert checks("yara", text)[0] is Standing.QUARANTINED


@pytest.mark.parametrize("language", ["snort", "pcre", "", "yara\n"])
def test_a_language_nobody_here_reads_is_refused(language):
    assert checks(language, "x") == (Standing.REFUSED, {"language"})


def test_a_rule_longer_than_is_read_is_refused_unread():
    assert checks("sigma", "x" * 32_769) == (Standing.REFUSED, {"size"})


HARD = [
    unit * (32_000 // len(unit))
    for unit in ("/*", '"', "\\", "/", "(", "a|", " ", "\n", "=/", "not ", "|re:", "-", "{1,", "[")
]


@pytest.mark.parametrize("text", HARD, ids=[repr(text[:4]) for text in HARD])
@pytest.mark.parametrize("language", ["sigma", "yara"])
def test_a10_no_rule_makes_the_examination_itself_slow(language, text):
    start = time.process_time()
    examine_rule(language, text, ASSETS)
    examine_rule(language, "condition: not " + text, ASSETS)
    assert time.process_time() - start < 1


@given(st.sampled_from(("sigma", "yara")), st.text(max_size=200))
def test_whatever_a_rule_says_it_gets_a_standing(language, text):
    assert examine_rule(language, text, ASSETS)[0] in Standing
