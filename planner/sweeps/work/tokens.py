"""Waking workers. A message says only "there is work": one that is lost or comes twice changes nothing."""

from __future__ import annotations

import logging
import threading
from typing import Any

TASK = "planner.sweeps.work.tasks.work"
MOST = 1000  # that one call publishes: whoever works asks for more

logger = logging.getLogger(__name__)


def publish_soon(count: int) -> None:
    """Wake so many processes without being waited for: whoever asks for a page waits for no broker."""
    threading.Thread(target=publish, args=(count,), name="wake", daemon=True).start()


def publish(count: int, enough: int | None = None) -> bool:
    """Wake so many processes, unless ``enough`` messages wait for them already.

    Never raises nor waits long: without a broker, upkeep does it when one is back.
    """
    try:
        from planner.celery import app  # half a second, which those who start no sweep need not wait for

        with app.producer_or_acquire() as producer:
            if enough is not None and _n_waiting(app, producer) >= enough:
                return True
            for _ in range(min(count, MOST)):
                app.send_task(TASK, producer=producer, retry=False, ignore_result=True)
    except Exception as error:  # of the broker's library, its transport or the network
        logger.debug("No worker could be woken: %s", error)
        return False
    return True


def n_waiting() -> int | None:
    """How many messages wait for a worker; ``None`` without a broker."""
    from planner.celery import app

    try:
        with app.producer_or_acquire() as producer:
            return _n_waiting(app, producer)
    except Exception as error:
        logger.debug("The broker cannot be asked: %s", error)
        return None


def _n_waiting(app: Any, producer: Any) -> int:
    queue = producer.channel.queue_declare(queue=app.conf.task_default_queue)
    return int(queue.message_count)
