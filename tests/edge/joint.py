"""Two or three offices that respond together; what one says reaches another by a bundle."""

from io import BytesIO

from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.casework import Casework, Opened
from detente.node.clock import now
from detente.node.cosigning import member_cosigner
from detente.node.holdings import HomeHoldings
from detente.node.outward import HomeOutward
from detente.node.receiving import Receiver
from detente.node.responding import Responder
from detente.proofs.cosigners import log_verifiers
from tests.edge.offices import run


def outward_of(home):
    logs = {member.origin: log_verifiers(member) for member in home.charter.members}
    return HomeOutward(home, member_cosigner(home, mirror=False, logs=logs, now=now))


def bring(source, *targets):
    """Carry everything one node says to others, as media would."""
    for target in targets:
        bundle = BytesIO()
        export_bundle(source, outward_of(source), bundle, reader=target.identity.member)
        receiver = Receiver(HomeHoldings(target, now=now, stopped=print), now=now)
        face = open_bundle(BytesIO(bundle.getvalue()), file="bundle")
        run(take_bundle(target, face, receiver, here=outward_of(target).read, now=now))


def meet(*homes):
    """Let everybody hear everybody."""
    for home in homes:
        bring(home, *(other for other in homes if other is not home))


def responder(home):
    found = Responder(home, now=now)
    found.bring_up()
    return found


def casework(home):
    return Casework(responder(home))


def probes(**more):
    asked = {"title": "Probes", "kind": "cyber", "level": "medium", "tlp": "amber"}
    return Opened(**(asked | more))


def shown(home, thread):
    """The shared part of a thread as one node sees it: order, depth, and what is missing."""
    read = responder(home).read(thread)
    return [(each.digest, each.depth, each.missing) for each in read.placed if not each.private]
