/* Small things that HTML alone does not do. Every page works without them. */
"use strict";

// A refused form: the summary of its errors takes the focus, so that it is read first.
document.querySelector("[data-focus-on-load]")?.focus();

// A long form must not be sent twice by a double click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) {
    return;
  }
  if (form.dataset.sent === "yes") {
    event.preventDefault();
    return;
  }
  if (form.method === "post" && !form.hasAttribute("hx-post")) {
    form.dataset.sent = "yes";
    // An answer that is a file leaves the page open: its form can be sent again a little later.
    setTimeout(() => delete form.dataset.sent, 5000);
  }
});

// A page restored by « back » may send its form again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
});

// A page of many tables starts folded on a telephone, but for the part that the address names.
if (matchMedia("(max-width: 48em)").matches) {
  for (const part of document.querySelectorAll("details[data-folds-on-telephones]")) {
    const named = document.getElementById(location.hash.slice(1));
    part.open = named !== null && part.parentElement.contains(named);
  }
}
window.addEventListener("hashchange", () => {
  const named = document.getElementById(location.hash.slice(1));
  const part = named?.querySelector(":scope > details") ?? named?.closest("details");
  if (part) {
    part.open = true;
  }
});

// Django's CSRF cookie is not readable by scripts: htmx sends the token of the page's forms.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (token && event.detail.verb !== "get") {
    event.detail.headers["X-CSRFToken"] = token.value;
  }
});

// The button that prints the page exists only where a script can do it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
