"""The four verdicts as pages show them: a shape and words, so that nobody needs the colour."""

from __future__ import annotations

from django.utils.html import format_html

from planner.engine.verdict import WORDS

VERDICT_MARKS = {
    key: format_html(
        '<span class="verdict verdict-{0}"><svg class="mark" viewBox="0 0 20 20" width="20" height="20"'
        ' aria-hidden="true"><use href="#mark-{0}"></use></svg><span>{1}</span></span>',
        key,
        words,
    )
    for key, words in WORDS.items()
}
