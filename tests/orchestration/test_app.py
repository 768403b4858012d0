"""The application as Ray Serve's own tools build it."""

from __future__ import annotations

import socket

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from orchestration.app import BuildArguments, build
from orchestration.configuration import Configuration, configs_folder, load_configuration
from orchestration.demo.__main__ import at_a_free_port
from orchestration.serving.cluster import ServingError, application


def at(port: int) -> Configuration:
    configuration = load_configuration("default")
    return configuration.model_copy(
        update={"gateway": configuration.gateway.model_copy(update={"port": port})}
    )


def test_a_port_that_is_taken_is_an_error_before_anything_is_started():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServingError, match=f"{port}.*in use.*stop what listens"), application(at(port)):
            pytest.fail("it was served")


def test_the_demonstration_moves_to_a_free_port_beside_a_server_that_runs(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        moved = at_a_free_port(at(taken)).gateway.port
    assert moved != taken
    assert f"port {taken} is taken" in capsys.readouterr().out
    assert at_a_free_port(at(moved)).gateway.port == moved


def test_the_packaged_deploy_file_is_one_that_ray_serve_takes_and_names_build():
    schema = ServeDeploySchema.model_validate(yaml.safe_load((configs_folder() / "serve.yaml").read_text()))
    application = schema.applications[0]
    assert application.import_path == f"{build.__module__}:{build.__name__}"
    assert BuildArguments.model_validate(application.args).config == "default"


def test_build_binds_the_gateway_to_four_engines():
    application = build(BuildArguments(config="default"))
    bound = application._bound_deployment
    assert bound.name == "Gateway"
    engines = [argument._bound_deployment.name for argument in bound.init_args[1:]]
    assert engines == ["Recognizer", "LanguageModel", "Synthesizer", "Avatar"]
