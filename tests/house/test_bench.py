"""The benchmark measures what it says: every example is answered, and a refused request is no figure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from pytest_django import Settings

from bench import form


@pytest.fixture(autouse=True)
def bench_addresses(settings: Settings) -> Iterator[None]:
    """The benchmark's settings; requests keep the connection, on which the test's transaction runs."""
    settings.ROOT_URLCONF = "bench.urls"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_forms_figures_are_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "WARM_UP_ROUNDS", 1)
    monkeypatch.setattr(form, "ROUNDS", 1)
    figures = form.measure_form()
    assert set(figures) == {"form_answer_ms_p50", "form_answer_over_empty_view"}
    assert figures["form_answer_ms_p50"] > 0
    assert figures["form_answer_over_empty_view"] > 1


def test_a_refused_request_is_no_figure(db: None) -> None:
    with pytest.raises(RuntimeError, match=r"^GET /\?model=nonsense was answered 422 "):
        form._request_ms(get_wsgi_application(), "/", "model=nonsense")
