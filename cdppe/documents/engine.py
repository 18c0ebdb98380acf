"""Hands a job to whoever runs it: a Celery worker, or one thread of this process.

`settings.JOB_ENGINE` says which. Both only carry the identifier of a job: its state is a row of the database,
so that a lost message, a broker that is down or a killed process loses nothing; the sweeper
(`cdppe.documents.actions.jobs.requeue_lost_jobs`) hands the job out again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import connections, transaction
from kombu.exceptions import OperationalError as BrokerUnreachable

from cdppe.lib.origin import BACKGROUND_TASK, coming_from

logger = logging.getLogger(__name__)

RUN_TASK = "cdppe.documents.tasks.run_job"

Runner = Callable[[UUID], object]

_queue: SimpleQueue[tuple[Runner, UUID]] = SimpleQueue()
_lock = threading.Lock()
_thread: threading.Thread | None = None


def hand_out(job_id: UUID, run: Runner) -> None:
    """Have `run(job_id)` called in the background, once the transaction in course is committed.

    `run` is what the thread calls; a Celery worker calls the task of the same purpose. A broker that does not
    answer is written in the log and nothing else: the job waits for the sweeper.
    """
    transaction.on_commit(partial(_hand_out_now, job_id, run))


def _hand_out_now(job_id: UUID, run: Runner) -> None:
    if settings.JOB_ENGINE == "thread":
        _queue.put((run, job_id))
        _start_thread()
        return
    try:
        current_app.send_task(RUN_TASK, args=[str(job_id)])
    except BrokerUnreachable:
        logger.exception("the broker does not answer: job %s waits for the sweeper", job_id)


def _start_thread() -> None:
    """Start the one thread, at the first job: no process pays for it before, and a fork never copies it."""
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_work, name="documents", daemon=True)
            _thread.start()


def _work() -> None:
    while True:
        run, job_id = _queue.get()
        try:
            with coming_from(BACKGROUND_TASK):
                run(job_id)
        except Exception:
            # The job stays as the database has it and the sweeper takes it up; the thread must live on.
            logger.exception("job %s ended with an unexpected error", job_id)
        finally:
            connections.close_all()
