// Comfort on top of a page that works without it: lists of names while typing, and explanations on hover.
"use strict";

const status = (text) => {
  const place = document.getElementById("status");
  if (place) place.textContent = text;
};

// Lists of names: the ARIA combobox pattern around a list that the server fills. -------------------------------------

function combobox(input) {
  const list = document.getElementById(`${input.id}-list`);
  let active = -1;
  let activeValue;
  let typedSinceChoice = false;

  input.removeAttribute("list");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  const options = () => Array.from(list.querySelectorAll("[role=option]"));

  const open = () => {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  const close = () => {
    list.hidden = true;
    activate(-1);
    input.setAttribute("aria-expanded", "false");
  };

  const activate = (index) => {
    const found = options();
    active = found.length ? index : -1;
    activeValue = active >= 0 ? found[active].dataset.value : undefined;
    found.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    if (active >= 0) {
      input.setAttribute("aria-activedescendant", found[active].id);
      found[active].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };

  const choose = (option) => {
    input.value = option.dataset.value;
    typedSinceChoice = false;
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    // A name in a list that is being made: choosing it adds it.
    if (input.dataset.adds) document.getElementById(input.dataset.adds).click();
  };

  const move = (step) => {
    const count = options().length;
    if (!count) return;
    open();
    activate(active < 0 && step < 0 ? count - 1 : (active + step + count) % count);
  };

  input.addEventListener("input", () => {
    typedSinceChoice = true;
    if (!input.value.trim()) close();
  });

  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      choose(options()[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      close();
    }
  });

  input.addEventListener("blur", close);

  // A press on an option must not take the focus away: the list would close before the click.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });

  list.addEventListener("htmx:afterSwap", () => {
    const found = options();
    const count = found.length;
    if (!typedSinceChoice || document.activeElement !== input) return;
    // An option that was reached with the arrow keys stays reached when the list grows or shrinks around it.
    activate(found.findIndex((option) => option.dataset.value === activeValue));
    if (count) open();
    else close();
    status(count ? `${count} ${count === 1 ? "name" : "names"} to choose from, arrow keys to move` : "No such name");
  });
}

// Explanations: a click opens them without any script; with it, resting the pointer or the focus does, too. ------------

function explanations() {
  const REST_MS = 250;
  let timer = 0;

  const tipOf = (target) => {
    const button = target instanceof Element ? target.closest(".how") : null;
    return button ? { button, tip: button.popoverTargetElement } : null;
  };

  const show = ({ button, tip }) => {
    if (tip && !tip.matches(":popover-open")) tip.showPopover({ source: button });
  };

  document.addEventListener("pointerover", (event) => {
    window.clearTimeout(timer);
    if (event.pointerType !== "mouse") return;
    const found = tipOf(event.target);
    if (found) {
      timer = window.setTimeout(() => show(found), REST_MS);
      return;
    }
    // The pointer may move into the explanation, to its link; anywhere else it closes.
    const inside = event.target instanceof Element && event.target.closest(".tip");
    const shown = document.querySelector(".tip:popover-open");
    if (shown && !inside && shown.dataset.by === "pointer") timer = window.setTimeout(() => shown.hidePopover(), REST_MS);
    if (shown && inside) shown.dataset.by = "pointer";
  });

  document.addEventListener("toggle", (event) => {
    const tip = event.target;
    if (!(tip instanceof Element) || !tip.matches(".tip")) return;
    tip.dataset.by = event.newState === "open" && document.querySelector(".how:hover") ? "pointer" : "";
  }, true);

  document.addEventListener("focusin", (event) => {
    const found = tipOf(event.target);
    if (found && found.button.matches(":focus-visible")) show(found);
  });
}

// After an update: fields take the names that were found, and know whether they are wrong. --------------------------

function settleField(note, sent) {
  const input = document.getElementById(note.dataset.field);
  if (!input) return;
  if (note.querySelector(".wrong")) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  const shown = note.dataset.shown;
  // What was typed since the question was sent is the person's, and stays.
  if (shown !== undefined && document.activeElement !== input && input.value === sent.get(input.name)) input.value = shown;
}

// The definition of a sweep: counted when the question has changed; what was added or removed is settled in the fields.

function definition(form) {
  const said = () => {
    const data = new FormData(form);
    // Names that are still being typed are no part of the question yet.
    for (const name of Array.from(data.keys())) if (name.startsWith("find-")) data.delete(name);
    return new URLSearchParams(data).toString();
  };
  let asked = said();
  let goOnAt = "";

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.id === "live-count") {
      if (said() === asked) event.preventDefault();
      else asked = said();
    } else if (elt.dataset.focus) {
      goOnAt = elt.dataset.focus;
    }
  });
  document.body.addEventListener("htmx:responseError", () => (asked = ""));
  document.body.addEventListener("htmx:sendError", () => (asked = ""));
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const note = document.getElementById(event.detail.target.id);
    const field = note && document.getElementById(note.dataset.field);
    if (!field) return;
    if (note.querySelector(".wrong")) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (note.dataset.taken !== undefined && field.value.trim() === note.dataset.taken) field.value = "";
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "summary") return;
    // The button that was pressed is gone with its entry: the keyboard goes on where the next one is typed.
    const place = goOnAt && document.activeElement === document.body && document.getElementById(goOnAt);
    if (place) place.focus();
    goOnAt = "";
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-combo]").forEach(combobox);
  explanations();
  const sweep = document.getElementById("define");
  if (sweep) definition(sweep);

  // Leaving a field by pressing the button is a change and a submission of the same: one request is enough.
  const form = document.getElementById("question");
  if (!form) return;
  const said = () => new URLSearchParams(new FormData(form)).toString();
  let submitted = false;
  let asked = "";
  let sent = new FormData(form);
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { id } = event.detail.elt;
    if (id !== "question" && id !== "live") return;
    if (id === "live" && said() === asked) {
      event.preventDefault();
      return;
    }
    asked = said();
    sent = new FormData(form);
    submitted = submitted || id === "question";
  });
  document.body.addEventListener("htmx:responseError", () => (asked = ""));
  document.body.addEventListener("htmx:sendError", () => (asked = ""));
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const note = event.detail.target;
    if (note && note.dataset && note.dataset.field) settleField(document.getElementById(note.id) || note, sent);
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "answer" || !submitted) return;
    submitted = false;
    const refusal = document.getElementById("refusal");
    if (refusal) refusal.focus();
    const place = refusal || document.getElementById("answer");
    const top = place.getBoundingClientRect().top;
    if (top < 0 || top > window.innerHeight * 0.5) place.scrollIntoView({ block: "start" });
  });
});
