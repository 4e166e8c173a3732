"""Memory of a process that runs for months: who may keep it, and how often it is looked through."""

import ctypes
import gc

_OBJECTS_BEFORE_A_LOOK = 50_000
_ARENAS_MAX, _MAP_FROM = -8, -3  # of glibc's mallopt, malloc.h
_MAP_FROM_BYTES = 256 * 2**10


def settle_memory() -> None:
    """Call once everything that stays is loaded.

    What came from outside is JSON and has no cycles; looking through all that was loaded for
    each few hundred objects of it took a quarter of the time of taking them. And buffers of a
    large request go back to the machine, from whichever thread, instead of waiting for the next.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK, 10, 20)
    tune = getattr(ctypes.CDLL(None), "mallopt", None)  # not every C library has it
    if tune is not None:
        tune(_ARENAS_MAX, 2)
        tune(_MAP_FROM, _MAP_FROM_BYTES)
