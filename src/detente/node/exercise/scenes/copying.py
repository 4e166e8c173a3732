"""One rival copies the other's sealed finding and says it as its own; it does not count."""

from detente.node.exercise.cast import company
from detente.node.exercise.mischief import say_anything
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warn
from detente.node.exercise.stage import Stage
from detente.node.reading import read_said
from detente.statements import Content, ContentError, Header, Sealed, check_commitment, parse_entry


def _run(stage: Stage) -> str:
    unit = company(stage)
    author, copier = unit.homes[stage.victim], unit.homes[stage.hostile]
    original = read_said(author, warn(author, "198.51.100.9", "found first").payload_hash)
    unit.cosign(stage.victim)
    sealed, content = original.statement.sealed, original.content
    assert content is not None  # noqa: S101 - just said
    _said, entry = say_anything(unit, stage.hostile, lambda _position: sealed)
    unit.cosign(stage.hostile)
    stage.keep("original.entry", original.statement.to_entry())
    copied = parse_entry(stage.keep("copied.entry", entry).read_bytes())
    return facts(
        copy_is_in_the_copiers_log=copied.header.issuer == copier.identity.member,
        same_commitment=copied.sealed.commitment == sealed.commitment,
        original_opens_at_its_place=_opens(content, sealed, original.statement.header),
        copy_opens_at_its_place=_opens(content, copied.sealed, copied.header),
    )


def _opens(content: Content, sealed: Sealed, header: Header) -> bool:
    try:
        check_commitment(content, sealed, header.position)
    except ContentError:
        return False
    return True


SCENE = Scene(
    name="copy",
    story="One rival logs the other's commitment as its own; it opens at no place but the first.",
    expected=facts(
        copy_is_in_the_copiers_log=True,
        same_commitment=True,
        original_opens_at_its_place=True,
        copy_opens_at_its_place=False,
    ),
    run=_run,
)
