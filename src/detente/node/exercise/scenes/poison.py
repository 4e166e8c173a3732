"""A rival poisons: a public resolver and the other's own network; neither may even alert."""

from functools import partial

from detente.node.acting import ASSETS_FILE
from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage

_CLEAN = "roll-update-check.example"
_RESOLVER = "8.8.8.8"
_OWN = "192.0.2.10"
_ALL = (_CLEAN, _RESOLVER, _OWN)
_OWN_NETWORK = "network 192.0.2.0/24  # of the victim, written down by itself, told to nobody\n"


def _run(stage: Stage) -> str:
    unit = network(stage)
    liar, victim = stage.hostile, stage.victim
    (unit.directory(victim) / ASSETS_FILE).write_text(_OWN_NETWORK)
    words = ("indicators", "detected", *_ALL, "--handshake", "--tlp", "green")
    said = unit.ask(liar, *words).text("id")
    heard = patiently(partial(unit.has, victim, said))
    patiently(lambda: _level(unit, victim, _CLEAN) == "alerting")
    why = {value: unit.ask(victim, "indicators", "why", value) for value in (_RESOLVER, _OWN)}
    for value, answer in why.items():
        stage.keep(f"why-{value}.txt", repr(answer.document).encode())
    acting = unit.ask(victim, "indicators", "list", "--level", "actionable")
    return facts(
        statement_heard=heard,
        new_name_is=_level(unit, victim, _CLEAN),
        resolver_is=why[_RESOLVER].text("level"),
        resolver_because="public DNS resolvers" in str(why[_RESOLVER].document),
        own_network_is=why[_OWN].text("level"),
        own_network_because="our own network 192.0.2.0/24" in str(why[_OWN].document),
        anything_acts_on_one_word=any(value in str(acting.document) for value in _ALL),
    )


def _level(unit: NetworkUnit, name: str, value: str) -> str:
    return str(unit.look(name, "indicators why", value=value).get("level", ""))


SCENE = Scene(
    name="poison",
    story="A rival names a public resolver and the other's network; neither alerts, nothing acts.",
    expected=facts(
        statement_heard=True,
        new_name_is="alerting",
        resolver_is="noted",
        resolver_because=True,
        own_network_is="noted",
        own_network_because=True,
        anything_acts_on_one_word=False,
    ),
    run=_run,
)
