"""TAXII 2.1: outside tools read what the gate clears for them, and bring what they found.

For: tools that speak TAXII, and reading other TAXII servers. Trusts: the token for who
asks, the gate for what they get; nothing that is brought. A collection is a view; an
object id belongs to whoever was first here to use it.
Follows: OASIS TAXII Version 2.1 (OASIS Standard, 10 June 2021); RFC 7235, 7617, 6750.
"""

from detente.exchange.taxii.accounts import Account
from detente.exchange.taxii.clearing import Clearances
from detente.exchange.taxii.errors import PullError, TaxiiError
from detente.exchange.taxii.face import Asked, Reply, TaxiiFace
from detente.exchange.taxii.resources import Catalogue, View, make_views
from detente.exchange.taxii.routes import TAXII_BODY_BYTES_MAX, taxii_routes

__all__ = [
    "TAXII_BODY_BYTES_MAX",
    "Account",
    "Asked",
    "Catalogue",
    "Clearances",
    "PullError",
    "Reply",
    "TaxiiError",
    "TaxiiFace",
    "View",
    "make_views",
    "taxii_routes",
]
