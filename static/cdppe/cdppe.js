/* Small things that HTML alone does not do. Every page works without them. */
"use strict";

// A refused form: the summary of its errors takes the focus, so that it is read first.
document.querySelector("[data-focus-on-load]")?.focus();

// A long form must not be sent twice by a double click.
document.addEventListener("submit", (event) => {
  const form = event.target;
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

/* Nothing typed is lost: a form marked `data-draft` (the person's id) keeps on this computer what it was not
   able to save: a session that ended, a connection that dropped, a tab closed by mistake. The copy is offered to
   the same person on the same page, disappears once saved, at sign-out, and after a week. */
(() => {
  const PREFIX = "cdppe-draft:";
  const LIFETIME = 7 * 24 * 3600 * 1000;
  const form = document.querySelector("form[data-draft]");

  // A browser that refuses storage keeps no copy; everything else works.
  const storage = {
    read(key) {
      try {
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return null;
      }
    },
    write(key, draft) {
      try {
        localStorage.setItem(key, JSON.stringify(draft));
        return true;
      } catch {
        return false;
      }
    },
    remove(key) {
      try {
        localStorage.removeItem(key);
      } catch {
        // Nothing is stored.
      }
    },
    keys() {
      try {
        return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
      } catch {
        return [];
      }
    },
  };

  // The next person on this computer finds no copy: none outlives the sign-out.
  let isSigningOut = false;
  document.addEventListener("submit", (event) => {
    if (event.target.querySelector("[data-forgets-drafts]")) {
      isSigningOut = true;
      storage.keys().forEach(storage.remove);
    }
  });

  for (const key of storage.keys()) {
    const draft = storage.read(key);
    const isSaved = draft?.sentFrom && document.querySelector("[data-saved]");
    if (!draft || isSaved || Date.now() - draft.at > LIFETIME) {
      storage.remove(key);
    }
  }
  if (!form) {
    return;
  }

  const key = `${PREFIX}${form.dataset.draft}:${location.pathname}`;
  const state = form.querySelector("[data-draft-state]");
  const offer = document.querySelector("[data-draft-offer]");
  let isDirty = false;
  let timer;

  const values = () =>
    Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));
  const isTyped = (name) => form.elements[name]?.type !== "hidden";
  const plain = (text) => String(text ?? "").replace(/\s+/g, " ").trim();
  const differs = (draft) => {
    const shown = values();
    return Object.keys(draft).some(
      (name) => isTyped(name) && plain(draft[name]) !== plain(shown[name]),
    );
  };
  const keep = () => storage.write(key, { at: Date.now(), fields: values() });
  const say = (text) => {
    if (state) {
      state.textContent = text;
    }
  };

  form.addEventListener("input", () => {
    isDirty = true;
    isSigningOut = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
      say(keep() ? "Pas encore enregistré ; une copie est gardée sur cet ordinateur." : "Pas encore enregistré.");
    }, 400);
  });

  form.addEventListener("submit", () => {
    clearTimeout(timer);
    if (isDirty || storage.read(key)) {
      storage.write(key, { at: Date.now(), fields: values(), sentFrom: location.pathname });
    }
    isDirty = false;
  });

  window.addEventListener("beforeunload", (event) => {
    if (isDirty) {
      clearTimeout(timer);
      if (!isSigningOut) {
        keep();
      }
      event.preventDefault();
    }
  });

  // The session ended while the page was open: the sign-in page must not take the place of the totals.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== pathInfo.requestPath.split("?")[0]) {
      event.detail.shouldSwap = false;
      keep();
      say("Votre session est terminée. Enregistrez : après la connexion, votre texte vous sera proposé.");
    }
  });

  const restore = (fields) => {
    const objective = form.querySelector("select[hx-post]");
    const isOtherObjective = objective && plain(fields[objective.name]) !== plain(objective.value);
    for (const [name, value] of Object.entries(fields)) {
      const field = form.elements[name];
      if (field instanceof RadioNodeList) {
        field.value = value;
      } else if (field?.type === "checkbox") {
        field.checked = true;
      } else if (field) {
        field.value = value;
      } else {
        // An amount whose line comes with its objective: the answer to the change below gives it its place.
        const carried = document.createElement("input");
        carried.type = "hidden";
        carried.name = name;
        carried.value = value;
        (document.getElementById("financing") ?? form).append(carried);
      }
    }
    for (const box of form.querySelectorAll("input[type=checkbox]")) {
      box.checked = box.name in fields;
    }
    isDirty = true;
    const changed = isOtherObjective ? objective : form.querySelector(".cdppe-amount");
    changed?.dispatchEvent(new Event(isOtherObjective ? "change" : "input", { bubbles: true }));
    say("Texte repris, pas encore enregistré.");
  };

  const draft = storage.read(key);
  if (!draft || !offer) {
    return;
  }
  if (!differs(draft.fields)) {
    return;
  }
  const when = new Date(draft.at);
  offer.querySelector("[data-draft-when]").textContent =
    `le ${when.toLocaleDateString("fr-FR")} à ${when.toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" })}`;
  offer.hidden = false;
  offer.querySelector("[data-draft-restore]").addEventListener("click", () => {
    restore(draft.fields);
    offer.hidden = true;
    form.querySelector("input:not([type=hidden]), select, textarea").focus();
  });
  offer.querySelector("[data-draft-discard]").addEventListener("click", () => {
    storage.remove(key);
    offer.hidden = true;
    form.querySelector("input:not([type=hidden]), select, textarea").focus();
  });
})();

// The button that prints the page exists only where a script can do it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
