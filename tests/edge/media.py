"""What one node gives another on media, in one step: for tests that need no sockets."""

import asyncio
import io

from detente.node.bundling import export_bundle, open_bundle, take_bundle
from detente.node.cosigning import member_cosigner
from detente.node.holdings import HomeHoldings
from detente.node.outward import HomeOutward
from detente.node.receiving import Receiver
from tests.edge.offices import logs_of


def face_of(home, clock):
    logs = logs_of(home.present_charter(home.charter))
    return HomeOutward(home, member_cosigner(home, mirror=False, logs=logs, now=clock))


def carry(giver, taker, clock):
    """Let `taker` take up everything that `giver` would give it."""
    file = io.BytesIO()
    export_bundle(giver, face_of(giver, clock), file, reader=taker.identity.member)
    file.seek(0)
    receiver = Receiver(HomeHoldings(taker, now=clock, stopped=lambda reason: None), now=clock)
    bundle = open_bundle(file, file="media")
    here = face_of(taker, clock).read
    return asyncio.run(take_bundle(taker, bundle, receiver, here=here, now=clock))
