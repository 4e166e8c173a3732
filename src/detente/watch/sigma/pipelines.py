"""Pipelines: how Windows categories are read, and transformations of the operator's own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from detente.errors import InputError
from detente.watch.sigma.documents import Unreadable, yaml_documents
from detente.watch.sigma.logsources import EVERY_READING, Reading
from detente.watch.sigma.model import RuleFile

if TYPE_CHECKING:
    from sigma.processing.pipeline import ProcessingPipeline

NAMES = {
    "sysmon": (Reading.SYSMON,),
    "windows-logsources": (Reading.SYSMON,),
    "windows-audit": (Reading.AUDIT,),
    "windows": EVERY_READING,
}
"""What `--pipeline` takes besides a file, and what Windows categories then mean."""

_ABOUT_QUERIES = ("postprocessing", "finalizers", "allowed_backends")


def readings_named(names: Sequence[str]) -> tuple[Reading, ...]:
    """Return how Windows categories are read; every known way where nothing is named."""
    wanted = {reading for name in names for reading in NAMES[name]}
    return tuple(each for each in EVERY_READING if each in wanted) or EVERY_READING


def read_pipeline(file: RuleFile) -> "ProcessingPipeline":
    """Read a pipeline of pySigma. What it says about queries is left out: there are none here.

    Raises:
        InputError: it is no pipeline, or it wants to read files, ask servers or run commands.
    """
    from sigma.processing.pipeline import ProcessingPipeline

    try:
        documents = [said for _, said in yaml_documents(file.data)]
        if len(documents) != 1 or not isinstance(documents[0], dict):
            raise Unreadable("one mapping is wanted")
        said = {name: item for name, item in documents[0].items() if name not in _ABOUT_QUERIES}
        return ProcessingPipeline.from_dict(said, allow_external_sources=False)
    except Exception as error:
        # pySigma fails in many ways on text of anybody.
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        raise InputError(
            f"not a pipeline: {reason}",
            file=file.name,
            remedy="See pySigma's documentation of processing pipelines",
        ) from None
