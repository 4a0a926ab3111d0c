"""Waking workers. A message says only "there is work": one that is lost or comes twice changes nothing."""

from __future__ import annotations

import logging

TASK = "planner.sweeps.work.tasks.work"
MOST = 1000  # that one call publishes: whoever works asks for more

logger = logging.getLogger(__name__)


def publish(count: int) -> bool:
    """Wake so many processes. Never raises nor waits long: without a broker, upkeep does it when one is back."""
    from planner.celery import app  # half a second, which those who start no sweep need not wait for

    try:
        with app.producer_or_acquire() as producer:
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
            queue = producer.channel.queue_declare(queue=app.conf.task_default_queue)
            return int(queue.message_count)
    except Exception as error:
        logger.debug("The broker cannot be asked: %s", error)
        return None
