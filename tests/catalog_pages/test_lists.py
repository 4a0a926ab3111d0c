"""Lists of devices, machines and models: found, filtered, sorted, paged, and honest about what is unknown."""

from __future__ import annotations

import html as html_module
import re

import pytest
from django.test import Client

from hardware_catalog.models import Device, LanguageModel, Machine

pytestmark = pytest.mark.django_db
LISTS = {"devices": Device, "machines": Machine, "models": LanguageModel}


def page_of(client: Client, path: str, status: int = 200, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == status, path
    return html_module.unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def names_on(html: str) -> list[str]:
    """The entries of the page, in order."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', html)


def column_of(html: str, number: int) -> list[str]:
    """The text of one column, the name being 0."""
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", html, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [re.sub(r"<[^>]+>", "", row[number]).strip() for row in cells]


@pytest.mark.parametrize("room", LISTS)
def test_a_list_counts_all_and_shows_the_first_fifty(client: Client, room: str) -> None:
    html = page_of(client, f"/{room}/")
    assert re.search(rf'role="status">{LISTS[room].objects.count():,} ', html)
    assert len(names_on(html)) == 50


@pytest.mark.parametrize("room", LISTS)
def test_pages_show_every_entry_once(client: Client, room: str) -> None:
    names: list[str] = []
    page = 1
    while len(names) < LISTS[room].objects.count():
        found = names_on(page_of(client, f"/{room}/?page={page}"))
        assert found
        names += found
        page += 1
    assert sorted(names) == sorted(LISTS[room].objects.values_list("name", flat=True))


def test_a_search_finds_every_word_in_names_and_aliases(client: Client) -> None:
    assert names_on(page_of(client, "/devices/?q=4090"))[0] == "NVIDIA GeForce RTX 4090"
    assert "Llama-3.1-8B" in names_on(page_of(client, "/models/?q=llama3.1%3Alatest"))
    assert all("M4" in name for name in names_on(page_of(client, "/machines/?q=macbook+air+m4")))


def test_known_figures_stand_in_the_row(client: Client) -> None:
    html = page_of(client, "/devices/?q=rtx+4090&vendor=NVIDIA")
    row = re.search(r"<tr>(?:(?!</tr>).)*>NVIDIA GeForce RTX 4090</a>.*?</tr>", html, re.DOTALL)
    assert row
    for figure in ("24 GB", "1,008 GB/s", "165 TFLOPS", "450 W", "$1,599", "2022"):
        assert figure in row.group()


def test_filters_narrow_and_are_counted(client: Client) -> None:
    html = page_of(client, "/devices/?vendor=NVIDIA&kind=gpu&memory=80")
    wanted = {
        device.name
        for device in Device.objects.filter(vendor__name="NVIDIA", kind="gpu").prefetch_related(
            "memory_options"
        )
        if max((option.memory_gb for option in device.memory_options.all()), default=0) >= 80
    }
    assert "NVIDIA H100 SXM5 80 GB" in wanted or len(wanted) > 5
    assert set(names_on(html)) == wanted
    assert f"{len(wanted)} of {Device.objects.count()} devices" in html


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/models/?kind=moe&vendor=OpenAI", {"gpt-oss-120b", "gpt-oss-20b"}),
        ("/models/?attention=latent&vendor=Z.ai&size_most=100", {"GLM-4.7-Flash (30B-A3B)"}),
        ("/models/?native=MXFP4+experts&vendor=OpenAI&size_most=50", {"gpt-oss-20b"}),
        ("/models/?family=Mixtral", {"Mixtral-8x22B", "Mixtral-8x7B"}),
        ("/models/?context=1M&size_least=1000&licence=mit", {"DeepSeek-V4-Pro"}),
        ("/devices/?vendor=Raspberry+Pi", {"Raspberry Pi 4", "Raspberry Pi 5"}),
    ],
)
def test_models_and_devices_by_what_sets_them_apart(client: Client, path: str, names: set[str]) -> None:
    assert set(names_on(page_of(client, path))) == names


def test_machines_with_one_device_are_reached_by_a_link(client: Client) -> None:
    html = page_of(client, "/machines/?device=nvidia-geforce-rtx-4090&count=8")
    assert names_on(html) == ["Workstation with 8 × RTX 4090 24 GB, 512 GB memory"]
    assert "With the device <strong>NVIDIA GeForce RTX 4090</strong>" in html
    assert 'name="device" value="nvidia-geforce-rtx-4090"' in html  # a further filter keeps it


def test_figures_are_sorted_both_ways_with_the_unknown_last(client: Client) -> None:
    def bandwidths(path: str) -> list[float | None]:
        found = column_of(page_of(client, path), 2)
        figures = [re.search(r"[\d,.]+", text) for text in found]
        return [float(figure.group().replace(",", "")) if figure else None for figure in figures]

    most = bandwidths("/devices/?sort=-bandwidth")
    least = bandwidths("/devices/?sort=bandwidth")
    assert None not in most + least
    assert most == sorted(most, reverse=True)
    assert least == sorted(least)
    last = bandwidths("/devices/?sort=bandwidth&page=13")
    assert last[-1] is None
    known = [figure for figure in last if figure is not None]
    assert last[: len(known)] == known


def test_a_heading_sorts_and_sorts_back_and_keeps_the_filters(client: Client) -> None:
    html = page_of(client, "/devices/?vendor=AMD")
    assert 'href="/devices/?vendor=AMD&sort=-memory#tally">Memory</a>' in html
    html = page_of(client, "/devices/?vendor=AMD&sort=-memory&page=2")
    assert 'aria-sort="descending"><a href="/devices/?vendor=AMD&sort=memory#tally">Memory</a>' in html
    assert html.count("aria-sort") == 1


def test_what_is_unknown_is_never_zero_and_never_passes_a_filter(client: Client) -> None:
    html = page_of(client, "/devices/?q=iphone+18+pro+max")
    assert column_of(html, 1) == ["unknown"]
    assert "0 GB" not in re.sub(r"\d0 GB", "", html)
    n_unknown = Device.objects.filter(bandwidth_bytes_per_s__isnull=True).count()
    assert n_unknown > 10
    html = page_of(client, "/devices/?bandwidth=1")
    assert f"{n_unknown} are left out because no source states the bandwidth." in html
    assert f"{Device.objects.count() - n_unknown} of" in html


def test_nothing_found_says_so_and_names_what_is_near(client: Client) -> None:
    html = page_of(client, "/models/?q=lama+3.1+8b+instrukt")
    assert "No language model is like that" in html
    assert re.search(r'<a href="/models/llama-3-1-8b/">', html)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("memory=lots", "Write a number here, such as 24."),
        ("memory=-1", "This must be at least 0"),
        ("memory=99999999999", "This can be at most"),
        ("vendor=Nobody", "Nothing here is called that"),
        ("sort=colour", "Nothing here is called that"),
        ("page=0", "This must be more than 0"),
        ("page=14", "This list has 13 pages."),
        ("page=1.5", "Write a whole number here"),
        ("colour=red", "by which this list cannot be filtered"),
        ("vender=AMD", "Did you mean “vendor”?"),
        ("memory=8&memory=16", "The address says this more than once. Keep one."),
        ("q=%00", "This holds a character that no name has"),
        ("q=" + "x" * 401, "This is too long for a name"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(client: Client, query: str, reason: str) -> None:
    html = page_of(client, f"/devices/?{query}", status=422)
    assert reason in html
    assert "<table" not in html


def test_an_unknown_device_of_machines_is_refused(client: Client) -> None:
    assert "The catalog has no such entry." in page_of(client, "/machines/?device=no-such", status=422)


def test_while_filtering_only_what_was_found_is_sent_and_the_address_is_short(client: Client) -> None:
    response = client.get("/devices/?q=4090&vendor=&kind=gpu&memory=&sort=", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<html" not in html
    assert "NVIDIA GeForce RTX 4090" in html
    assert re.search(r'<p id="tally" hx-swap-oob="innerHTML">\d+ of \d+ devices</p>', html)
    assert response["HX-Replace-Url"] == "/devices/?q=4090&kind=gpu"
    assert "HX-Request" in response["Vary"]


def test_a_refusal_while_filtering_leaves_the_address_alone(client: Client) -> None:
    response = client.get("/devices/?memory=x", headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "HX-Replace-Url" not in response
    assert "Write a number here" in response.content.decode()


@pytest.mark.parametrize("room", LISTS)
def test_nothing_needs_inline_style_or_script_and_identifiers_are_unique(client: Client, room: str) -> None:
    html = page_of(client, f"/{room}/?sort=-memory" if room != "models" else "/models/?sort=-size")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)
    found = re.findall(r'\sid="([^"]+)"', html)
    assert len(found) == len(set(found))
    assert "None" not in html
