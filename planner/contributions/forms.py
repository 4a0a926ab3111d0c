"""The form of a visitor's own measurements: the text or file, what it does not say, and names chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from planner.contributions.completing import ASKED, MOST_OPEN_NAMES, Choice
from planner.contributions.parsers import FileFault
from planner.contributions.parsers.columns import SHORT
from planner.contributions.parsers.project_csv import checked
from planner.contributions.parsers.text import decode, tidy
from planner.contributions.services import Brought

HINTS = {
    "device": "As the vendor names it: “NVIDIA GeForce RTX 4090”, “MacBook Pro M4 Max 64 GB”.",
    "device_count": "Cards or machines that worked together.",
    "model": "With size and version: “Qwen3-8B”, “Llama-3.1-70B”.",
    "quant": "“Q4_K_M”, “FP8”, “AWQ”, “BF16”; vLLM's files do not say it.",
    "runtime": "“llama.cpp”, “ik_llama.cpp”, “vLLM”.",
    "backend": "“CUDA”, “ROCm”, “Vulkan”, “Metal”, “CPU”.",
    "source_date": "Day of the run: 2026-05-18.",
}


class OwnForm(forms.Form):
    """Text or file, answers, and names. ``brought()`` is what a valid form says."""

    use_required_attribute = False
    text = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    file = forms.FileField(required=False, allow_empty_file=True)
    name = forms.CharField(required=False, max_length=SHORT)
    source_url = forms.CharField(required=False)
    note = forms.CharField(required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for column, label in ASKED.items():
            self.fields[column] = forms.CharField(required=False, label=label, help_text=HINTS[column])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for column in (*ASKED, "source_url"):
            text = cleaned.get(column, "")
            if text:
                try:
                    cleaned[column] = checked(column, text)
                except ValueError as error:
                    self.add_error(column, str(error))
        self._clean_text(cleaned)
        return cleaned

    def _clean_text(self, cleaned: dict[str, Any]) -> None:
        """One text, from the file where one was chosen; kept in the form for the next step."""
        file: UploadedFile | None = cleaned.get("file")
        if file is None and "text" in self.errors:
            return
        try:
            if file is not None:
                cleaned["text"] = decode(file.read())
                cleaned["name"] = (file.name or "")[:SHORT]
            else:
                cleaned["text"] = tidy(cleaned.get("text", ""))
        except FileFault as fault:
            self.add_error("file" if file is not None else "text", str(fault))
        self.text_kept = cleaned.get("text", "")
        self.name_kept = cleaned.get("name", "")

    text_kept = ""
    name_kept = ""

    @property
    def choices(self) -> list[Choice]:
        """Names of the file that were replaced: written by hand, or chosen from the candidates."""
        data: Any = self.data
        if not hasattr(data, "getlist"):
            return []
        lists = [data.getlist(name)[:MOST_OPEN_NAMES] for name in ("open", "chosen", "other")]
        found = []
        for told, chosen, other in zip(*lists, strict=False):
            column, _, text = told.partition("|")
            name = (other.strip() or chosen.strip())[:SHORT]
            if column in ("device", "model", "quant", "runtime") and text and name:
                found.append(Choice(column, text[:SHORT], name))
        return found

    def brought(self) -> Brought:
        """Of a valid form."""
        cleaned = self.cleaned_data
        answers = {column: cleaned[column] for column in (*ASKED, "source_url") if cleaned.get(column)}
        return Brought(cleaned["text"], cleaned["name"], answers, self.choices, cleaned["note"].strip())
