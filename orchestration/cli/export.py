"""``visavis export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from avatar.motion import MotionClip

ENDINGS = (".csv", ".npz", ".glb", ".vrma")


def export(
    motion: Annotated[
        Path, typer.Argument(help="Motion file: .npz, Live Link Face .csv, FLAME .npz with a map.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="What to write, by its ending: Live Link Face .csv, .npz, .glb (a head with the motion "
            "baked in), .vrma (VRM animation).",
        ),
    ],
    head: Annotated[
        str, typer.Option(help="For .glb: a head by name, or any .glb with ARKit's shapes by name.")
    ] = "mira",
    sound: Annotated[
        Path | None,
        typer.Option(help="For .glb: the sound that goes with the motion; written beside it as .wav."),
    ] = None,
    vrm: Annotated[
        Path | None,
        typer.Option(
            help="For .vrma: the .vrm model it is for; otherwise VRM's preset expressions are used."
        ),
    ] = None,
    flame_map: Annotated[
        Path | None,
        typer.Option(
            help="Your linear map between ARKit and FLAME: a folder with bs2exp.npy and bs2jaw.npy, or an "
            ".npz. Reads FLAME motion; with other motion and an .npz to write, writes FLAME motion."
        ),
    ] = None,
    flame_order: Annotated[
        Literal["mediapipe", "arkit"] | None,
        typer.Option(help="Order of the map's rows, where it doesn't name them."),
    ] = None,
    flame_neutral: Annotated[
        Literal["zero", "median"],
        typer.Option(help="Which FLAME expression is a face at rest: all 0, or the motion's median."),
    ] = "zero",
    resample: Annotated[
        bool,
        typer.Option("--resample", help="Take a file that isn't at 25 frames a second, as the app records."),
    ] = False,
    fps: Annotated[
        float | None,
        typer.Option(help="With --resample: a .csv's frame rate, where its timecodes are too few."),
    ] = None,
) -> None:
    """Convert motion for engines and other programs.

    CSV suits Unreal, GLB any viewer or engine, VRMA VRM apps, FLAME research. Time 0 is frame 0 of the motion
    everywhere, so that its sound starts together with it.
    """
    from avatar.formats import write_motion

    kind = out.suffix.lower()
    if kind not in ENDINGS:
        raise typer.BadParameter(f"{out.name} doesn't end in one of {', '.join(ENDINGS)}", param_hint="--out")
    for name, value, due in (("--sound", sound, ".glb"), ("--vrm", vrm, ".vrma")):
        if value is not None and kind != due:
            raise typer.BadParameter(f"it goes with {due}, not with {kind}", param_hint=name)
    if out.exists() and motion.exists() and out.samefile(motion):
        raise typer.BadParameter("it would overwrite the motion that it is made from", param_hint="--out")
    out.parent.mkdir(parents=True, exist_ok=True)
    if flame_map is not None:
        from avatar.retarget import (
            FlameRetargeting,
            RetargetOptions,
            is_flame_npz,
            load_flame_map,
            read_flame_npz,
            write_flame_npz,
        )  # fmt: skip

        options = RetargetOptions(neutral=flame_neutral)
        retargeting = FlameRetargeting(load_flame_map(flame_map, flame_order), options)
        if is_flame_npz(motion):
            from avatar.motion import MotionClip

            clip = MotionClip.of(retargeting.to_arkit(read_flame_npz(motion)))
        else:
            if kind != ".npz":
                raise typer.BadParameter(f"{motion.name} isn't FLAME motion", param_hint="--flame-map")
            clip = _clip(motion, resample, fps)
            write_flame_npz(out, retargeting.to_flame(clip.motion))
            typer.echo(f"{len(clip.motion)} frames of FLAME written to {out}")
            return
    else:
        clip = _clip(motion, resample, fps)
    if kind == ".glb":
        _write_glb(clip, head, sound, out)
    elif kind == ".vrma":
        from avatar.vrm import PRESETS_ONLY, read_vrm, write_vrm_animation

        write_vrm_animation(clip, out, PRESETS_ONLY if vrm is None else read_vrm(vrm))
    else:
        write_motion(out, clip)
    typer.echo(f"{len(clip.motion)} frames written to {out}")


def _clip(motion: Path, resample: bool, fps: float | None) -> MotionClip:
    from avatar.formats import MotionFormatError, read_motion
    from avatar.retarget import is_flame_npz

    if is_flame_npz(motion):
        raise MotionFormatError(f"{motion} is FLAME motion; give the map to ARKit with --flame-map")
    return read_motion(motion, resample, fps)


def _write_glb(clip: MotionClip, head: str, sound: Path | None, out: Path) -> None:
    import shutil

    from avatar.gltf import write_animation
    from avatar.head import head_path

    model = Path(head) if head.lower().endswith(".glb") else head_path(head)
    if out.exists() and model.exists() and out.samefile(model):
        raise typer.BadParameter("it would overwrite the head that it is made from", param_hint="--out")
    beside = out.with_suffix(".wav")
    write_animation(model, clip, out, None if sound is None else beside.name)
    if sound is None:
        return
    if sound.suffix.lower() == ".wav":
        if not (beside.exists() and beside.samefile(sound)):
            shutil.copyfile(sound, beside)
    else:
        import soundfile

        from speech.audio import load_audio

        rate = 48_000
        soundfile.write(beside, load_audio(sound, rate), rate, subtype="PCM_16")
    typer.echo(f"its sound is in {beside}")
