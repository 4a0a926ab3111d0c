"""Sweeps for programs: create, watch, stop, resume, delete, and read what they found."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from planner import owners
from planner.api.base import ApiView, address
from planner.api.catalog.views import PAGE_PARAMETERS
from planner.api.problems import Problem
from planner.api.sweeps.asking import SCHEMA, definition_from, impossible
from planner.api.sweeps.serializers import SweepDetailSerializer, SweepSerializer
from planner.api.throttling import PLAN
from planner.snapshot import current
from planner.sweeps.definition import DefinitionError
from planner.sweeps.models import Sweep
from planner.sweeps.results.store import find_sweep
from planner.sweeps.work import services

UNNAMED = "A sweep of the API"


def owners_of(request: Request) -> set[str]:
    """Whose sweeps are those of whoever asks: of the token's user, and of the browser."""
    found = {owners.owner_of(request._request)}
    if request.auth is not None:
        found.add(token_owner(request.user.pk))
    return found - {""}


def token_owner(user: int) -> str:
    """The owner of sweeps that were made with a user's tokens."""
    return hashlib.sha256(f"user of the API {user}".encode()).hexdigest()


def find(sweep_id: uuid.UUID) -> Sweep:
    """The sweep. Raises a 404 where there is none, or it is being deleted."""
    found = find_sweep(sweep_id)
    if found is None:
        raise Problem("not-found", "There is no such sweep.")
    return found


def mine(request: Request, sweep_id: uuid.UUID) -> Sweep:
    """The sweep of whoever asks. Raises a 401 for nobody in particular and a 403 for somebody else."""
    found = find(sweep_id)
    whose = owners_of(request)
    if found.owner not in whose:
        if not whose:
            raise _needs_token()
        raise Problem("not-allowed", "This sweep was made with another token, or in a browser.")
    return found


def _needs_token() -> Problem:
    problem = Problem("not-authenticated", "Send “Authorization: Bearer …” with a token of an administrator.")
    problem.auth_header = "Bearer"
    return problem


class SweepView(ApiView, GenericAPIView):
    """What all share."""

    write_scope = PLAN

    def written(self, sweep: Sweep, status: int = 200) -> Response:
        """A sweep as JSON."""
        context = {"request": self.request, "owners": owners_of(self.request)}
        response = Response(SweepDetailSerializer(sweep, context=context).data, status=status)
        response["Cache-Control"] = "no-store"
        return response


class SweepList(SweepView):
    """Sweeps of whoever asks, the newest first."""

    is_list = True
    is_conditional = False
    serializer_class = SweepSerializer

    def known_parameters(self) -> tuple[str, ...]:
        return (*super().known_parameters(), *PAGE_PARAMETERS)

    def get_queryset(self) -> QuerySet[Sweep]:
        found = Sweep.objects.defer("entries", "definition", "pruned").select_related("snapshot")
        return found.exclude(state=Sweep.State.DELETING).order_by("-created")

    @extend_schema(operation_id="sweeps_list")
    def get(self, request: Request) -> Response:
        whose = owners_of(request)
        rows = self.paginate_queryset(self.get_queryset().filter(owner__in=whose))
        written = SweepSerializer(rows, many=True, context={"request": request, "owners": whose})
        response = self.get_paginated_response(written.data)
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        operation_id="sweeps_create",
        request={"application/json": SCHEMA},
        responses={
            201: OpenApiResponse(SweepDetailSerializer, "It waits for a worker; Location is its address.")
        },
        description="Plan a sweep and let the workers compute it. Needs a token.",
    )
    def post(self, request: Request) -> Response:
        if request.auth is None:
            raise _needs_token()
        definition, name = definition_from(request.data)
        try:
            sweep = services.create(
                definition,
                name=name or UNNAMED,
                owner=token_owner(request.user.pk),
                snapshot=current(),
            )
        except DefinitionError as error:
            raise impossible(error) from None
        except services.SweepError as error:
            raise Problem("conflict", str(error)) from None
        response = self.written(sweep, 201)
        response["Location"] = address(request, "api:sweep", str(sweep.pk))
        return response


class SweepDetail(SweepView):
    """One sweep: what was asked, and how far it is. Whoever knows its id may read it."""

    is_conditional = False
    serializer_class = SweepDetailSerializer

    @extend_schema(operation_id="sweeps_retrieve")
    def get(self, request: Request, sweep_id: uuid.UUID) -> Response:
        return self.written(find(sweep_id))

    @extend_schema(
        operation_id="sweeps_delete",
        responses={204: OpenApiResponse(description="It is gone, or will be once nobody computes for it.")},
        description="Delete a sweep and its files.",
    )
    def delete(self, request: Request, sweep_id: uuid.UUID) -> HttpResponseBase:
        services.delete(mine(request, sweep_id))
        return Response(status=204)


class SweepAction(SweepView):
    """Something that is done with one's own sweep."""

    needs_body = False
    serializer_class = SweepDetailSerializer

    def act(self, sweep: Sweep) -> None:
        """Do it. Raises ``SweepError``."""
        raise NotImplementedError

    def done(self, request: Request, sweep_id: uuid.UUID) -> Response:
        """Do it, and tell how the sweep is then."""
        sweep = mine(request, sweep_id)
        try:
            self.act(sweep)
        except services.SweepError as error:
            raise Problem("conflict", str(error)) from None
        return self.written(find(sweep_id))


def _acts(operation_id: str, description: str) -> Any:
    return extend_schema(
        operation_id=operation_id,
        request=None,
        responses={200: OpenApiResponse(SweepDetailSerializer, "How it is now.")},
        description=description,
    )


class SweepStop(SweepAction):
    """Stop a sweep; what is computed stays."""

    @_acts("sweeps_stop", "Stop a sweep; what is computed stays.")
    def post(self, request: Request, sweep_id: uuid.UUID) -> Response:
        return self.done(request, sweep_id)

    def act(self, sweep: Sweep) -> None:
        services.stop(sweep)


class SweepResume(SweepAction):
    """Go on with a sweep that was stopped or failed, or whose files are gone."""

    @_acts("sweeps_resume", "Go on with a sweep that was stopped or failed, or whose files are gone.")
    def post(self, request: Request, sweep_id: uuid.UUID) -> Response:
        return self.done(request, sweep_id)

    def act(self, sweep: Sweep) -> None:
        services.resume(sweep)


__all__ = ["SweepDetail", "SweepList", "SweepResume", "SweepStop", "find", "token_owner"]
