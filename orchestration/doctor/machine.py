"""Cores, memory, disk, the port, and espeak-ng's library."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
from pathlib import Path

from orchestration.doctor.check import Check, State
from orchestration.models.ledger import cache_folder

GIB = 1 << 30  # bytes
MIN_CORES = 2
MIN_MEMORY = 4 * GIB  # bytes free; the default configuration's processes together take about 3 GiB
MIN_DISK = 1 * GIB  # bytes free; for joined models, recordings and logs


def check_cores() -> Check:
    """Whether there are cores enough for the metronome beside the models."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < MIN_CORES:
        return Check("cores", State.WARNING, str(cores), f"{MIN_CORES} or more, or a smaller recogniser")
    return Check("cores", State.OK, str(cores))


def check_memory() -> Check:
    """Whether enough memory is free for the default configuration."""
    free = _free_memory()
    detail = f"{free / GIB:.1f} GiB free"
    if free < MIN_MEMORY:
        return Check(
            "memory", State.WARNING, detail, f"free {MIN_MEMORY / GIB:.0f} GiB, or Ray may end processes"
        )
    return Check("memory", State.OK, detail)


def _free_memory() -> int:
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def check_disk() -> Check:
    """Whether the disk of the model cache has room."""
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{free / GIB:.1f} GiB free at {folder}"
    if free < MIN_DISK:
        return Check("disk", State.WARNING, detail, "make room, or set XDG_CACHE_HOME to a larger disk")
    return Check("disk", State.OK, detail)


def check_port(host: str, port: int) -> Check:
    """Whether the gateway could listen; an own server that is running occupies it, too."""
    subject = f"port {port}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except OSError as error:
        reason = error.strerror or str(error)
        fix = "stop what listens there (perhaps a visavis that runs already), or change gateway.port"
        return Check(subject, State.WARNING, f"{host}:{port}: {reason.lower()}", fix)
    return Check(subject, State.OK, f"free on {host}")


def check_espeak() -> Check:
    """Whether espeak-ng's library loads and its voices are there, as the synthesiser needs for phonemes."""
    fix = "pip install --force-reinstall espeakng-loader"
    try:
        import espeakng_loader
    except ImportError:
        return Check("espeak-ng", State.FAILED, "package espeakng-loader is not installed", fix)
    library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        return Check("espeak-ng", State.FAILED, f"library doesn't load: {error}", fix)
    if not (data / "phontab").is_file():
        return Check("espeak-ng", State.FAILED, f"no voices in {data}", fix)
    return Check("espeak-ng", State.OK, str(library))
