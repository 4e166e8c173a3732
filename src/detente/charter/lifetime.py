"""What a charter permits by itself, and what is left of that when it has expired.

Expiry stops a frozen unit from acting on rules nobody renews (attack A47). It must
not disarm: warnings, proofs, renewal, and every act by which a member protects its
own keys or leaves go on (docs/adr/0011).
"""

from datetime import datetime
from enum import StrEnum

from detente.charter.model import Charter, Refused


class Activity(StrEnum):
    """What a node does in the name of a charter."""

    RECEIVE = "receive"
    ALERT = "alert"
    PROVE = "prove"
    RENEW = "renew"
    PROTECT_OWN_KEYS = "suspend, re-key or leave"
    PUBLISH = "publish"
    ACT = "act on an indicator"
    CHANGE = "change the charter"
    ASK = "ask a member"


AFTER_EXPIRY = frozenset(
    (
        Activity.RECEIVE,
        Activity.ALERT,
        Activity.PROVE,
        Activity.RENEW,
        Activity.PROTECT_OWN_KEYS,
    )
)


def permits(charter: Charter, activity: Activity, now: datetime) -> Refused | None:
    """Return None where the charter permits an activity now, otherwise the reason."""
    if now < charter.expires or activity in AFTER_EXPIRY:
        return None
    return Refused(
        f"the charter (version {charter.version}) has expired: it still receives, alerts,"
        f" proves and renews, but does not {activity.value}"
    )
