"""All checks in one pass; none stops the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestration.configuration.problems import ConfigurationError
from orchestration.doctor.check import Check, State
from orchestration.doctor.imports import check_imports
from orchestration.doctor.machine import check_cores, check_disk, check_espeak, check_memory, check_port
from orchestration.doctor.names import check_names
from orchestration.doctor.packages import check_packages, check_python
from orchestration.doctor.tools import check_tools

if TYPE_CHECKING:
    from orchestration.configuration.schema import Configuration

GIB = 1 << 30  # bytes


def examine(config: str = "default", *, quick: bool = False) -> list[Check]:
    """Examine this machine for serving configuration ``config``.

    ``quick`` leaves out loading the engines' libraries, which takes most of the time.
    """
    names = check_names()
    checks = [check_python(), *check_packages(), *names]
    gpu: dict[str, Any] | None = None
    if quick:
        checks.append(Check("imports", State.SKIPPED, "left out of a quick examination"))
    elif not any(check.state is State.FAILED for check in names):
        imports, gpu = check_imports()
        checks += imports
    checks.append(check_espeak())
    if any(check.state is State.FAILED for check in names):
        # The rooms' own options can't be imported, or not the right ones: that is one problem, not many.
        checks.append(Check(f"configuration {config}", State.SKIPPED, "the import names come first"))
    else:
        checks += _configuration(config, gpu)
    return [*checks, check_cores(), check_memory(), check_disk()]


def _configuration(config: str, gpu: dict[str, Any] | None) -> Iterator[Check]:
    subject = f"configuration {config}"
    try:
        from orchestration.configuration.loader import load_configuration
    except ImportError as error:
        yield Check(subject, State.FAILED, f"can't be read: {error}", "repair the packages above")
        return
    try:
        configuration = load_configuration(config, models=False)
    except ConfigurationError:
        yield from _problems(subject, config)
        return
    yield Check(subject, State.OK, "valid")
    yield from _models(configuration)
    yield from check_tools(configuration.tools)
    yield check_port(configuration.gateway.host, configuration.gateway.port)
    yield _gpu(configuration, gpu)


def _problems(subject: str, config: str) -> Iterator[Check]:
    """Everything that is wrong with an invalid configuration, its models included."""
    from orchestration.configuration.loader import load_configuration

    try:
        load_configuration(config)
    except ConfigurationError as error:
        for problem in error.problems:
            place = f"{problem.file}:{problem.line}" if problem.line else str(problem.file)
            fix = problem.fix or "correct it"
            yield Check(subject, State.FAILED, f"{place}: {problem.key}: {problem.message}", fix)


def _models(configuration: Configuration) -> Iterator[Check]:
    from orchestration.configuration.sections import named_models
    from orchestration.models.errors import ModelError
    from orchestration.models.ledger import Ledger
    from orchestration.models.registry import load_registry
    from orchestration.models.resolve import resolve

    registry, ledger = load_registry(), Ledger()
    for named in named_models(configuration.model_dump()):
        subject = f"model {named.name}"
        try:
            found = resolve(named.name, named.role, registry, ledger=ledger)
        except ModelError as error:
            yield Check(subject, State.FAILED, error.reason, error.fix)
        else:
            verified = "verified" if found.source == "registry" else f"from its {found.source}"
            purpose = named.role.replace("_", " ") + (", a fallback" if "fallbacks" in named.at else "")
            yield Check(subject, State.OK, f"{purpose}, {verified}, {found.location}")


def _gpu(configuration: Configuration, gpu: dict[str, Any] | None) -> Check:
    wanted = _wants_gpu(configuration)
    if gpu is None:
        return Check("gpu", State.SKIPPED, "left out of a quick examination")
    if gpu:
        return Check("gpu", State.OK, f"{gpu['count']} x {gpu['name']}, {gpu['memory'] / GIB:.0f} GiB")
    if wanted:
        fix = "install a driver, or use a configuration for the CPU such as default"
        return Check("gpu", State.FAILED, "torch sees none, and the configuration uses one", fix)
    return Check("gpu", State.OK, "none, and none is used")


def _wants_gpu(configuration: Configuration) -> bool:
    serving = configuration.serving
    deployments = (serving.recognizer, serving.language_model, serving.synthesizer, serving.avatar)
    devices = (configuration.recognizer.device, configuration.synthesizer.device)
    return any(one.num_gpus > 0 for one in deployments) or any(one.startswith("cuda") for one in devices)
