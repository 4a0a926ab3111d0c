"""What a person may mean while typing: entries whose name or alias holds every word, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Length

from hardware_catalog.models import ENTRY_FIELDS, Alias, Device, LanguageModel, Machine
from hardware_catalog.models.base import CatalogEntry

MAX_WORDS = 8  # more words than any product's name has
# Each kind's model, and the link by which an alias names an entry of it.
SEARCHED: dict[str, tuple[type[CatalogEntry], str]] = {
    "devices": (Device, "device"),
    "machines": (Machine, "machine"),
    "models": (LanguageModel, "language_model"),
}

# What tells newer entries of a kind from older ones, by the same link.
NEWEST = {"device": "year", "machine": "year", "language_model": "release_date"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a type-ahead list."""

    slug: str
    name: str
    detail: str  # what tells it from its neighbours, e.g. "24 GB, 1008 GB/s"


def search_machines(text: str, limit: int = 20) -> list[Choice]:
    """Machine presets whose names or aliases hold every word of ``text``, newest first among equals."""
    found = _matching(Machine.objects.select_related("device"), text, "machine")
    return [Choice(item.slug, item.name, _machine_detail(item)) for item in found[: max(limit, 0)]]


def search_devices(text: str, limit: int = 20) -> list[Choice]:
    """Devices whose names or aliases hold every word of ``text``."""
    found = _matching(Device.objects.prefetch_related("memory_options"), text, "device")
    return [Choice(item.slug, item.name, _device_detail(item)) for item in found[: max(limit, 0)]]


def search_models(text: str, limit: int = 20) -> list[Choice]:
    """Language models whose names or aliases hold every word of ``text``."""
    found = _matching(LanguageModel.objects.select_related("vendor"), text, "language_model")
    return [Choice(item.slug, item.name, _model_detail(item)) for item in found[: max(limit, 0)]]


def matching_slugs(kind: str, text: str) -> list[str]:
    """Slugs of all devices, machines or models (``kind``) that hold every word of ``text``, best first."""
    model, link = SEARCHED[kind]
    return list(_matching(model._default_manager.all(), text, link).values_list("slug", flat=True))


def matching(entries: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of the entries (of any one kind) that hold every word of ``text``, best first."""
    links = {Alias._meta.get_field(link).related_model: link for link in ENTRY_FIELDS.values()}
    return _matching(entries, text, links[entries.model])


def withdrawn_name(kind: str, slug: str) -> str:
    """Name of a device, machine or model that has left the catalog; "" where there never was one."""
    model, _ = SEARCHED[kind]
    found = model._default_manager.filter(slug=slug, withdrawn=True).values_list("name", flat=True).first()
    return found or ""


def _matching(entries: QuerySet[Any], text: str, link: str) -> QuerySet[Any]:
    """Entries that hold every word, in the name before an alias; of these shorter names first, then newer ones."""
    newest = F(NEWEST.get(link, "name")).desc(nulls_last=True)
    offered = entries.filter(withdrawn=False)
    words = text.replace("\0", " ").split()[:MAX_WORDS]
    if not words:
        return offered.order_by(newest, "name")
    in_name, in_alias = Q(), Q(**{link: OuterRef("pk")})
    for word in words:
        in_name &= _holds("name", word)
        in_alias &= _holds("text", word)
    rank = Case(When(name__istartswith=" ".join(words), then=0), When(in_name, then=1), default=2)
    return offered.filter(in_name | Exists(Alias.objects.filter(in_alias))).order_by(
        rank, Length("name"), newest, "name"
    )


def _holds(field: str, word: str) -> Q:
    """Whether the field holds the word; a number only as a whole ("8" is not in "80")."""
    if word.isascii() and word.isdigit():
        return Q(**{f"{field}__iregex": rf"(^|[^0-9.]){word}([^0-9]|$)"})
    return Q(**{f"{field}__icontains": word})


def _machine_detail(machine: Machine) -> str:
    count = f"{machine.device_count} × " if machine.device_count > 1 else ""
    return f"{count}{machine.device.name}, {machine.memory_gb:g} GB"


def _device_detail(device: Device) -> str:
    sizes = " or ".join(f"{option.memory_gb:g}" for option in device.memory_options.all())
    memory = f"{sizes} GB" if sizes else "memory not known"
    if device.bandwidth_bytes_per_s is None:
        return f"{memory}, bandwidth not known"
    up_to = "up to " if device.bandwidth_is_upper_limit else ""
    return f"{memory}, {up_to}{device.bandwidth_bytes_per_s / 1e9:g} GB/s"


def _model_detail(model: LanguageModel) -> str:
    if model.params_published is None:
        return model.vendor.name
    return f"{model.vendor.name}, {model.params_published / 1e9:.3g} billion parameters"
