/* The boxes of the tableau de bord save by themselves: a form marked `data-autosave` is sent to its own address a moment
   after the last change, and says what became of it. The answer goes to the page as an `autosave:answer` event:
   `detail.answer` is the JSON, `detail.sent` what was sent, `detail.isSaved` whether all of it is stored. grid.js does
   the rest at the cells: any script that sends the form and fires that event can stand in for this one.

   Lines that are not stored are kept on this computer (copies.js, which erases them at sign-out and after a week),
   and offered when the page is opened again. */
"use strict";

(() => {
  const PAUSE = 1200;
  const RETRY = 10_000;
  const form = document.querySelector("form[data-grid-scope][data-autosave]");
  if (!form) {
    return;
  }
  const state = form.querySelector("[data-autosave-state]");
  let timer = null;
  let isSending = false;
  let isDirty = false;
  let isSubmitted = false;
  let savedAt = "";

  // --- The copy on this computer of the lines that are not stored ------------------------------------

  const copies = globalThis.cdppeCopies;
  const key = copies.keyOf(form.dataset.gridDraft, location.pathname);
  const offer = document.querySelector("[data-draft-offer]");
  const typed = () => [...form.querySelectorAll("[data-grid] input:not([type=hidden])")];
  // After a refusal the page shows what was typed: what is stored is not known until the next answer.
  const isRefused = document.querySelector("[data-grid-server-errors]") !== null;
  const stored = new Map(typed().map((box) => [box.name, isRefused ? null : box.defaultValue]));
  let isSigningOut = false;

  const unsaved = () => typed().filter((box) => box.value !== stored.get(box.name));
  const keep = (sentFrom) => {
    const lines = new Set(unsaved().map((box) => box.closest("tr")));
    if (isSigningOut || !lines.size) {
      copies.remove(key);
      return;
    }
    const fields = {};
    for (const input of [...lines].flatMap((line) => [...line.querySelectorAll("input")])) {
      fields[input.name] = input.value;
    }
    copies.write(key, { at: Date.now(), fields, sentFrom });
  };

  copies.onSignOut(() => {
    isSigningOut = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isSubmitted && !isSigningOut && unsaved().length) {
      keep();
      event.preventDefault();
    }
  });

  const offerCopy = () => {
    const draft = copies.read(key);
    const differs = ([name, value]) => stored.has(name) && form.elements[name].value !== value;
    if (!offer || !draft?.fields || !Object.entries(draft.fields).some(differs)) {
      return;
    }
    const when = new Date(draft.at);
    const hour = when.toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
    offer.querySelector("[data-draft-when]").textContent = `le ${when.toLocaleDateString("fr-FR")} à ${hour}`;
    offer.hidden = false;
    const close = () => {
      offer.hidden = true;
      typed()[0]?.focus();
    };
    offer.querySelector("[data-draft-restore]").addEventListener("click", () => {
      for (const [name, value] of Object.entries(draft.fields)) {
        if (form.elements[name]) {
          form.elements[name].value = value;
        }
      }
      close();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    offer.querySelector("[data-draft-discard]").addEventListener("click", () => {
      copies.remove(key);
      close();
    });
  };

  // --- Sending ---------------------------------------------------------------------------------------

  const say = (text) => {
    if (state) {
      state.textContent = text;
    }
  };
  const wait = (milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      send();
    }, milliseconds);
  };

  const told = (status, answer) => {
    if (status === 200) {
      return `Enregistré à ${answer.saved_at}`;
    }
    if (status === 422) {
      const count = Object.keys(answer.problems).length;
      const words = count > 1 ? `${count} cases à corriger` : "1 case à corriger";
      return `Non enregistré : ${words}${savedAt ? ` (le reste est enregistré à ${savedAt})` : ""}`;
    }
    return `Non enregistré : ${answer.sentence ?? "le serveur ne répond pas, nouvel essai dans un instant."}`;
  };

  async function send() {
    if (isSending || isSubmitted || !isDirty) {
      return;
    }
    isSending = true;
    isDirty = false;
    const sent = new FormData(form);
    say("Enregistrement…");
    try {
      const response = await fetch(form.action || location.href, {
        method: "POST",
        body: new URLSearchParams([...sent].filter(([, value]) => typeof value === "string")),
        headers: { "X-Autosave": "1" },
        redirect: "manual",
      });
      if (response.type === "opaqueredirect") {
        isDirty = true;
        say("Non enregistré : votre session est terminée. Enregistrez : après la connexion, votre saisie vous sera proposée.");
        return;
      }
      const isJson = response.headers.get("content-type")?.startsWith("application/json");
      const answer = isJson ? await response.json() : {};
      if (response.status >= 500) {
        isDirty = true;
        wait(RETRY);
      }
      savedAt = answer.saved_at ?? savedAt;
      if (answer.problems) {
        for (const [name, value] of sent) {
          if (stored.has(name) && !(name in answer.problems)) {
            stored.set(name, value);
          }
        }
      }
      keep();
      say(told(response.status, answer));
      if (response.status === 200) {
        document.body.dispatchEvent(new CustomEvent("cdppe:saved"));
      }
      form.dispatchEvent(
        new CustomEvent("autosave:answer", {
          bubbles: true,
          detail: { answer, sent, isSaved: response.status === 200 && !isDirty, status: response.status },
        }),
      );
    } catch {
      isDirty = true;
      say("Non enregistré : la connexion est coupée. Votre saisie est gardée, nouvel essai dans un instant.");
      wait(RETRY);
    } finally {
      isSending = false;
      if (isDirty && !timer) {
        wait(PAUSE);
      }
    }
  }

  let copying = null;
  form.addEventListener("input", () => {
    isDirty = true;
    clearTimeout(copying);
    copying = setTimeout(keep, 400);
    wait(PAUSE);
  });
  form.addEventListener("submit", () => {
    isSubmitted = true;
    clearTimeout(timer);
    clearTimeout(copying);
    keep(location.pathname);
  });
  window.addEventListener("online", () => wait(0));
  window.addEventListener("pageshow", () => {
    isSubmitted = false;
  });
  offerCopy();
})();
