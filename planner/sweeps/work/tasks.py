"""What Celery calls."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_process_init

from planner.sweeps.work.computing import work_once
from planner.sweeps.work.names import enter_pool, process_name
from planner.sweeps.work.tokens import publish


@shared_task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)  # type: ignore[untyped-decorator]
def work() -> None:
    """Compute one chunk, if there is one, and ask for the next."""
    if work_once(process_name()):
        publish(1)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _on_process_start(**_: object) -> None:
    enter_pool()
