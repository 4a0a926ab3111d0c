"""Passwords are not guessed: after five wrong ones a name is locked from that address for a quarter of an hour."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from planner.client_address import client_address

pytestmark = pytest.mark.django_db
LIMIT = 5


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_superuser("ada", password="right")


def try_in(password: str, name: str = "ada", address: str = "192.0.2.1") -> HttpResponse:
    form = {"username": name, "password": password, "next": "/admin/"}
    return Client(REMOTE_ADDR=address).post(reverse("admin:login"), form)


def lock(address: str = "192.0.2.1") -> HttpResponse:
    for _ in range(LIMIT - 1):
        assert try_in("wrong", address=address).status_code == 200
    return try_in("wrong", address=address)


def test_the_fifth_wrong_password_locks_and_says_so() -> None:
    response = lock()
    assert response.status_code == 429
    page = response.content.decode()
    assert "Too many attempts" in page
    assert "“ada” was tried with a wrong password 5 times from here" in page
    assert "It can be tried again in 15 minutes" in page
    assert "style=" not in page
    assert try_in("right").status_code == 429


def test_others_are_not_locked_out_with_it() -> None:
    User.objects.create_superuser("bob", password="right")
    lock()
    assert try_in("right", address="192.0.2.2").status_code == 302
    assert try_in("right", name="bob").status_code == 302


def test_the_right_password_in_time_starts_anew() -> None:
    for _ in range(2):
        for _ in range(LIMIT - 1):
            try_in("wrong")
        assert try_in("right").status_code == 302


def test_somebody_with_many_ipv6_addresses_is_one_client() -> None:
    for host in range(LIMIT):
        response = try_in("wrong", address=f"2001:db8:1:2::{host + 1:x}")
    assert response.status_code == 429


@pytest.mark.parametrize(
    ("https", "connection", "forwarded", "expected"),
    [
        (False, "192.0.2.7", "198.51.100.1", "192.0.2.7"),  # anybody can write that header
        (True, "127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the last is the proxy's own
        (True, "127.0.0.1", "", "127.0.0.1"),
        (True, "127.0.0.1", "not an address", "127.0.0.1"),
        (False, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (False, "::ffff:192.0.2.7", "", "192.0.2.7"),
    ],
)
def test_the_address_behind_a_proxy(
    settings: Any, https: bool, connection: str, forwarded: str, expected: str
) -> None:
    settings.HTTPS = https
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=connection, **headers)) == expected
