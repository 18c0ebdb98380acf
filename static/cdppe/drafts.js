/* Forms that are sent by their button, because sending them is a gesture: a form marked `data-keeps` (its name on the page)
   loses nothing of what is typed in it. What is typed is kept on this computer until it is sent, and offered when the
   form is opened again; before it is sent the site is asked whether it answers and whether the session still lives: if
   not, the page stays as it is and says why. `data-keeps-nothing`: what is typed is never written on this computer.
   `data-keeps-page`: the page that shows the form, when it is not the one on the screen.

   The copies are in copies.js, which erases them once saved, at sign-out and after a week. */
"use strict";

(() => {
  const { person, signIn } = document.body.dataset;
  const forms = [...document.querySelectorAll("form[data-keeps]")];
  if (!person || !forms.length) {
    return;
  }

  const copies = globalThis.cdppeCopies;
  let isSigningOut = false;
  copies.onSignOut(() => {
    isSigningOut = true;
  });

  const watch = (form) => {
    const key = copies.keyOf(person, `${new URL(form.action).pathname}|${form.dataset.keeps}`);
    const keepsNothing = "keepsNothing" in form.dataset;
    const page = form.dataset.keepsPage ?? location.pathname + location.search;

    const isKept = (control) =>
      control.name && !["hidden", "password", "file", "submit", "button"].includes(control.type);
    const typed = () =>
      [...form.elements]
        .filter(isKept)
        .map((each) => [each.name, ["checkbox", "radio"].includes(each.type) ? (each.checked ? each.value : null) : each.value]);
    const even = (text) => String(text ?? "").replace(/\r\n?/g, "\n");
    const isSame = (one, other) =>
      one.length === other.length &&
      one.every(([name, value], rank) => name === other[rank][0] && even(value) === even(other[rank][1]));
    // Asked again when a refusal shows what was typed: what the page was served with is the copy then.
    const served = typed();
    const keep = (sentFrom) =>
      !keepsNothing &&
      !isSigningOut &&
      copies.write(key, { at: Date.now(), fields: typed(), sentFrom });
    const forget = () => copies.remove(key);

    const state = document.createElement("p");
    state.className = "fr-text--sm fr-mt-1w cdppe-save-state";
    state.setAttribute("role", "status");
    state.dataset.keepsState = "";
    form.append(state);
    const say = (text, tone = "quiet") => {
      state.textContent = text;
      state.dataset.tone = tone;
    };
    const failed = (reason) => {
      const copy = keep()
        ? "une copie est gardée sur cet ordinateur"
        : "gardez cette page ouverte, ce que vous avez tapé y reste";
      say(`Non enregistré : ${reason} ; ${copy}.`, "trouble");
    };
    const expired = () => {
      failed("votre session est terminée");
      const link = document.createElement("a");
      link.href = signIn;
      link.textContent = "Se reconnecter";
      link.title = "Se reconnecter – nouvelle fenêtre";
      link.target = "_blank";
      link.rel = "noopener";
      state.append(" ", link, ", puis envoyez de nouveau.");
    };

    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (isSame(typed(), served)) {
          forget();
          say("");
        } else if (keep()) {
          say("Pas encore enregistré ; une copie est gardée sur cet ordinateur.");
        } else {
          say("Pas encore enregistré.");
        }
      }, 400);
    });

    /** Whether the form may go: the site answers, the session lives, it is still the same person's. */
    const mayGo = async () => {
      let answer;
      try {
        answer = await fetch(page, { redirect: "manual", signal: AbortSignal.timeout(30_000) });
      } catch {
        failed("la connexion est coupée ou le site ne répond pas");
        return false;
      }
      if (answer.type === "opaqueredirect") {
        expired();
        return false;
      }
      if (answer.status >= 500 || answer.status === 429) {
        failed(`le site ne répond pas (erreur ${answer.status})`);
        return false;
      }
      if (answer.ok) {
        const now = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (now.body.dataset.person !== person) {
          failed("vous êtes connecté sous un autre nom");
          return false;
        }
        // A new sign-in, in another window, changes the token of every page.
        const token = now.querySelector("input[name=csrfmiddlewaretoken]")?.value;
        for (const each of token ? document.querySelectorAll("input[name=csrfmiddlewaretoken]") : []) {
          each.value = token;
        }
      }
      return true;
    };

    let isGoing = false;
    let isAsking = false;
    form.addEventListener("submit", async (event) => {
      clearTimeout(timer);
      if (isGoing) {
        return;
      }
      event.preventDefault();
      if (isAsking) {
        return;
      }
      isAsking = true;
      say("Envoi…");
      const isSent = await mayGo();
      isAsking = false;
      if (isSent) {
        isGoing = true;
        keep(location.pathname);
        form.requestSubmit(event.submitter);
      }
    });
    // Back to this page by the browser's arrow: it may be sent again.
    window.addEventListener("pageshow", () => {
      isGoing = false;
    });

    const offer = (draft) => {
      const box = document.createElement("div");
      box.className = "fr-alert fr-alert--info fr-alert--sm fr-mb-2w";
      box.setAttribute("role", "status");
      box.dataset.keepsOffer = "";
      const when = new Date(draft.at);
      const words = document.createElement("p");
      words.textContent =
        `Vous avez tapé ici, le ${when.toLocaleDateString("fr-FR")} à ` +
        `${when.toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" })}, un texte qui n’a pas été enregistré.`;
      const button = (label, style, gesture) => {
        const each = document.createElement("button");
        each.type = "button";
        each.className = `fr-btn fr-btn--sm fr-mr-1w fr-mt-1w ${style}`;
        each.textContent = label;
        each.addEventListener("click", () => {
          box.remove();
          gesture();
          [...form.elements].find(isKept)?.focus();
        });
        return each;
      };
      const restore = () => {
        const values = [...draft.fields];
        for (const each of [...form.elements].filter(isKept)) {
          const rank = values.findIndex(([name]) => name === each.name);
          if (rank < 0) {
            continue;
          }
          const [[, value]] = values.splice(rank, 1);
          if (each.type === "checkbox" || each.type === "radio") {
            each.checked = value !== null;
          } else {
            each.value = value ?? "";
          }
        }
        say("Texte repris, pas encore enregistré.");
      };
      box.append(words, button("Reprendre ce texte", "", restore), button("L’effacer", "fr-btn--tertiary", forget));
      form.prepend(box);
      form.closest("details")?.setAttribute("open", "");
    };

    const draft = keepsNothing ? null : copies.read(key);
    if (Array.isArray(draft?.fields) && !isSame(draft.fields, served)) {
      offer(draft);
    }
  };

  forms.forEach(watch);
})();
