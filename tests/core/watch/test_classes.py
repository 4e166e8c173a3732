"""An event's class is safe in a path; mail and look-ups are known for what they are."""

import re

from hypothesis import given
from hypothesis import strategies as st

from detente.watch.classes import class_of, is_personal

VALUES = st.none() | st.text(max_size=60) | st.integers() | st.lists(st.text(max_size=9))
TAGS = st.dictionaries(st.sampled_from(["category", "product", "service"]), VALUES)
EVENTS = st.fixed_dictionaries(
    {}, optional={"_ls": TAGS | st.lists(TAGS), "Channel": VALUES, "EventID": VALUES}
)


@given(EVENTS)
def test_whatever_an_event_says_its_class_names_no_other_folder(event):
    name = class_of(event)
    assert re.fullmatch(r"[a-z0-9-]{0,48}", name)
    assert isinstance(is_personal(event), bool)


def test_classes_are_named_for_the_log():
    assert class_of({"Channel": "Security"}) == "windows-security"
    assert class_of({"_ls": {"product": "linux", "service": "auth"}}) == "linux-auth"
    assert class_of({"_ls": {"category": "webserver"}}) == "webserver"
    assert class_of({}) == "other"


def test_mail_and_look_ups_are_personal_and_others_are_not():
    for tag in ({"category": "mail", "service": "gateway"}, {"category": "dns"}):
        assert is_personal({"_ls": tag})
    for name in ("dns.rrname", "smtp.rcpt_to", "dns.question.name", "QueryName"):
        assert is_personal({"_ls": {"product": "other"}, name: "x"})
    sysmon = "Microsoft-Windows-Sysmon/Operational"
    assert is_personal({"Channel": sysmon, "EventID": 22})
    assert not is_personal({"Channel": sysmon, "EventID": 1})
    assert not is_personal({"_ls": {"category": "webserver"}})
