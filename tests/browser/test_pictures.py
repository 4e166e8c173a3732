"""Pictures are drawn from the table beside them, and no rule of the page is broken for it."""

import subprocess
import sys
from datetime import timedelta

import pytest

from detente.node.audits.commitment import commit
from detente.node.audits.conducting import begin_round, enter
from detente.node.audits.definition import load_audit
from detente.node.audits.folder import AuditFolder
from detente.node.audits.rounds import Seed
from detente.node.clock import now
from detente.node.home import Home
from detente.node.offices import OWNER, Office, Role
from detente.node.signing_in import Entrance, Place
from tests.edge.county import SEED, fill_in, make_county
from tests.edge.running_nodes import eventually, free_port


def audited(place):
    place.mkdir(parents=True)
    audit = load_audit(AuditFolder(make_county(place)))
    thrown = commit(audit, now() - timedelta(seconds=9)).committed + timedelta(seconds=2)
    begin_round(audit, seed=Seed(SEED, thrown, ("Aurel",)), cards=20, now=now())
    table = fill_in(place / "round-1.csv")
    enter(audit, table.read_bytes(), table.name)


@pytest.fixture
def signed_in(tmp_path):
    """A running node with an audit, and the cookie of somebody who may look at it."""
    directory, port = tmp_path / "office", free_port()
    origin = f"http://localhost:{port}"
    with Home.create(directory, name="Aurel") as home:
        office = Office(home, now=now)
        person, _ = office.add("Grace", [Role.VIEWER], by=OWNER)
        secret = Entrance(office, Place("localhost", origin), now=now).begin(person, browser="")
        name = f"detente-{home.identity.member[:12]}"
    audited(directory / "elections" / "audits" / "county")
    command = [sys.executable, "-m", "detente", "run", str(directory), "--listen", "127.0.0.1:0"]
    running = subprocess.Popen(
        [*command, "--console", f"localhost:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        eventually(lambda: (directory / "console.json").exists())
        yield origin, {"name": name, "value": secret.hex(), "url": origin}
    finally:
        running.terminate()
        said = running.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said, said


def test_a_risk_curve_is_drawn_under_a_policy_that_forbids_inline_styles(signed_in, page):
    origin, cookie = signed_in
    page.context.add_cookies([cookie])
    page.goto(f"{origin}/elections/audits/county")
    assert page.locator("table[id^=curve] tr[data-x]").count() == 2 * 21
    if page.evaluate("typeof Plot") == "undefined":
        pytest.skip("the scripts of pictures were not copied (make setup)")
    page.locator("figure svg[role=img]").first.wait_for()
    assert page.locator("figure svg[role=img]").count() == 2
    assert page.locator("figure style").count() == 0
