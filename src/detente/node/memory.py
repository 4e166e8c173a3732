"""Memory of a process that runs for months: who may keep it, and how often it is looked through."""

import ctypes
import gc
from threading import Event

_OBJECTS_BEFORE_A_LOOK = 10_000
_C = ctypes.CDLL(None)
_settled = Event()


def settle() -> None:
    """Call once everything that stays is loaded.

    What comes from outside is JSON and has no cycles: looking through all that was loaded for
    every few hundred objects of it took a quarter of the time of taking them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 10, 20)
    _settled.set()


def give_back() -> None:
    """Give the machine what a large piece of work needed, instead of waiting for the next.

    The C library would keep it; that call is glibc's, elsewhere there is nothing to do.
    """
    if _settled.is_set():  # else all that was loaded would be looked through once more
        gc.collect()
    trim = getattr(_C, "malloc_trim", None)
    if trim is not None:
        trim(0)
