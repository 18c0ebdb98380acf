/* The boxes of the tableau de bord save by themselves: a form marked `data-autosave` is sent to its own address a moment
   after the last change, and says what became of it. The answer goes to the page as an `autosave:answer` event:
   `detail.answer` is the JSON, `detail.sent` what was sent, `detail.isSaved` whether all of it is stored. grid.js does
   the rest at the cells: any script that sends the form and fires that event can stand in for this one. */
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
      say(told(response.status, answer));
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

  form.addEventListener("input", () => {
    isDirty = true;
    wait(PAUSE);
  });
  form.addEventListener("submit", () => {
    isSubmitted = true;
    clearTimeout(timer);
  });
  window.addEventListener("online", () => wait(0));
  window.addEventListener("pageshow", () => {
    isSubmitted = false;
  });
})();
