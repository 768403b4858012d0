"""The command line, ``visavis``.

A command is a function in a file of its own that imports what it needs when it is called, so that
``visavis --help`` answers at once. To add one: write ``orchestration/cli/NAME.py`` and register it below.
"""

from __future__ import annotations

import sys

import typer

from orchestration.cli import bench, corpus, evaluate, models
from orchestration.cli.animate import animate
from orchestration.cli.check import check
from orchestration.cli.doctor import doctor
from orchestration.cli.export import export
from orchestration.cli.livelink import livelink
from orchestration.cli.render import render
from orchestration.cli.serve import serve
from orchestration.cli.talk import talk
from orchestration.cli.train import train
from orchestration.cli.weights import weights

app = typer.Typer(
    name="visavis",
    help="Real-time conversational agents with a face that listens.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(talk)
app.command()(animate)
app.command()(render)
app.command()(livelink)
app.command()(export)
app.command()(check)
app.command()(doctor)
app.command()(train)
app.command()(weights)
app.add_typer(models.app, name="models")
app.add_typer(corpus.app, name="corpus")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line; an expected error is printed as it is, without a traceback, and exits with 2."""
    try:
        app()
    except SystemExit:  # how every command ends; the errors below are not worth importing for it
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except _expected_errors() as error:
        from rich.console import Console

        console = Console(stderr=True)
        console.print("error: ", style="bold red", end="")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


def _expected_errors() -> tuple[type[Exception], ...]:
    """What a user can repair; imported only once something went wrong."""
    from agents.tools.outcome import ToolError
    from avatar.device import DeviceError
    from avatar.dualtalk.weight_files import CheckpointError
    from avatar.evaluation.parts import EvaluationError
    from avatar.evaluation.quality.errors import QualityError
    from avatar.formats import MotionFormatError
    from avatar.gltf import HeadError
    from avatar.head import HeadMissing
    from avatar.motion import MotionError
    from avatar.registry import UnknownAnimatorError
    from avatar.retarget.flame_map import RetargetError
    from avatar.streaming.checkpoint import CheckpointError as WeightsError
    from avatar.training.dualtalk_data import DatasetError
    from avatar.training.dyads.bank import BankError
    from avatar.training.task import TrainingError
    from avatar.video.film import VideoError
    from avatar.video.stage import DrawingUnavailable
    from orchestration.client.connection import ClientError
    from orchestration.configuration.problems import ConfigurationError
    from orchestration.corpus.errors import CorpusError
    from orchestration.models.errors import ModelError
    from orchestration.recording.artefacts import EmptyRecording
    from orchestration.serving.cluster import ServingError
    from orchestration.turn_bench.policies import UnknownPolicy
    from orchestration.turn_bench.recordings import NoRecordings
    from speech.audio import AudioError
    from speech.coqui.errors import VoiceError
    from speech.espeak import EspeakError

    ours = (ConfigurationError, ModelError, ClientError, EmptyRecording, ServingError, ToolError)
    drawn = (HeadError, HeadMissing, VideoError, DrawingUnavailable)
    moved = (MotionError, MotionFormatError, RetargetError, UnknownAnimatorError)
    spoken = (AudioError, BankError, CorpusError, EspeakError, VoiceError)
    learnt = (
        CheckpointError,
        DatasetError,
        DeviceError,
        EvaluationError,
        QualityError,
        TrainingError,
        WeightsError,
    )
    benched = (NoRecordings, UnknownPolicy)
    return (*ours, *drawn, *moved, *spoken, *learnt, *benched, OSError)
