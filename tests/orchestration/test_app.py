"""The application as Ray Serve's own tools build it."""

from __future__ import annotations

import yaml
from ray.serve.schema import ServeDeploySchema

from orchestration.app import BuildArguments, build
from orchestration.configuration import configs_folder


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
