"""Python itself, and our requirements against what is installed."""

from __future__ import annotations

import importlib.metadata
import sys

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.doctor.check import Check, State
from orchestration.doctor.names import DISTRIBUTION

PYTHON_VERSIONS = ((3, 11), (3, 13))  # oldest and newest that are tested


def check_python() -> Check:
    """Whether this interpreter's version is one that is tested."""
    version = sys.version_info[:2]
    detail = f"{sys.version.split()[0]} at {sys.executable}"
    if PYTHON_VERSIONS[0] <= version <= PYTHON_VERSIONS[1]:
        return Check("python", State.OK, detail)
    return Check("python", State.FAILED, detail, "make a virtual environment with Python 3.11, 3.12 or 3.13")


def check_packages() -> list[Check]:
    """One check for all requirements that are met, and one for each that isn't."""
    try:
        declared = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        fix = "pip install -c constraints.txt -e . in the checkout, or install the wheel"
        return [Check("package visavis", State.FAILED, "runs from its sources without being installed", fix)]
    requirements = [Requirement(line) for line in declared]
    wanted = [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    failed = [check for requirement in wanted if (check := _unmet(requirement)) is not None]
    met = len(wanted) - len(failed)
    return [Check("packages", State.OK, f"{met} of {len(wanted)} requirements met"), *failed]


def _unmet(requirement: Requirement) -> Check | None:
    subject = f"package {canonicalize_name(requirement.name)}"
    fix = f"pip install '{str(requirement).partition(';')[0].strip()}'"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Check(subject, State.FAILED, "not installed", fix)
    if not requirement.specifier.contains(version, prereleases=True):
        detail = f"{version} is installed, {requirement.specifier} is needed"
        return Check(subject, State.FAILED, detail, fix)
    return None
