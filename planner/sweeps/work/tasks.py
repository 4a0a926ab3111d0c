"""What Celery calls."""

from __future__ import annotations

import logging

from celery import shared_task
from celery.signals import worker_init
from django.db import InterfaceError, OperationalError

from planner.sweeps.work.computing import warm_up, work_once
from planner.sweeps.work.names import become_worker, process_name
from planner.sweeps.work.tokens import publish

# Where so many messages wait, whoever becomes free finds one.
ENOUGH = 10

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)  # type: ignore[untyped-decorator]
def work() -> None:
    """Compute one chunk, if there is one, and ask for the next."""
    try:
        did_something = work_once(process_name())
    except (OperationalError, InterfaceError) as error:  # upkeep asks again
        logger.warning("The database cannot be used: %s", error)
        return
    if did_something:
        publish(1, enough=ENOUGH)


@worker_init.connect  # type: ignore[untyped-decorator]
def _on_worker_start(**_: object) -> None:
    become_worker()
    warm_up()
