"""Jobs that need nothing of each other, in processes of their own, whose progress is told in this one."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]
"""Told (what is done, how much of it is done, how much in all)."""

_EVERY = 0.2  # s between two looks at what the processes told

_told: Any = None  # the queue to the parent, in a process of the pool


def side_by_side(
    make: Callable[[Job, Progress], Result], jobs: Sequence[Job], workers: int, progress: Progress
) -> Iterator[tuple[int, Result]]:
    """Yield each job's place and ``make(job, progress)`` as it is done, in ``workers`` processes at a time.

    With one worker, or one job, all is done in this process. ``make``, the jobs and the results are pickled,
    so ``make`` must be a function of a module. What a job raises is raised here, once those that run have
    ended.
    """
    if min(workers, len(jobs)) <= 1:
        for at, job in enumerate(jobs):
            yield at, make(job, progress)
        return
    context = multiprocessing.get_context("spawn")  # threads of the models' libraries don't survive a fork
    told = context.Queue()
    pool = ProcessPoolExecutor(min(workers, len(jobs)), context, initializer=_listen, initargs=(told,))
    try:
        running: dict[Future[Result], int] = {pool.submit(_run, make, job): at for at, job in enumerate(jobs)}
        while running:
            done, _ = wait(running, _EVERY, FIRST_COMPLETED)
            _tell(told, progress)
            for future in done:
                yield running.pop(future), future.result()
        _tell(told, progress)
    finally:
        pool.shutdown(cancel_futures=True)
        told.close()


def _listen(told: Any) -> None:
    global _told
    _told = told


def _run(make: Callable[[Job, Progress], Result], job: Job) -> Result:
    return make(job, lambda what, done, of: _told.put((what, done, of)))


def _tell(told: Any, progress: Progress) -> None:
    while True:
        try:
            progress(*told.get_nowait())
        except queue.Empty:
            return
