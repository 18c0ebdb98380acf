/* Nothing typed is lost. A form marked `data-draft` (the person's id) keeps on this computer what is not saved
   yet; one that is also marked `data-autosave` is sent by itself to its own address, as contracts/autosave.py
   answers. The copies are in copies.js. */
"use strict";

(() => {
  const IDLE = 1500;
  const LONGEST_WAIT = 10000;
  const ANSWER_WITHIN = 30000;
  const PAUSES = [2000, 5000, 10000, 20000, 30000, 60000];
  const MOST_TEXTS = 12;
  // Browsers refuse to finish a longer request once its page is closed (64 kilobytes, accents count double).
  const LONGEST_LAST_WORDS = 40000;
  const ABOUT_THE_PAGE = new Set(["csrfmiddlewaretoken", "opened", "version", "place", "creation_token"]);

  const copies = globalThis.cdppeCopies;

  const form = document.querySelector("form[data-draft]");
  if (!form) {
    return;
  }
  let isSigningOut = false;
  copies.onSignOut(() => {
    isSigningOut = true;
  });
  const autosaves = "autosave" in form.dataset;
  const person = form.dataset.draft;
  const state = form.querySelector("[data-draft-state]");
  const spoken = form.querySelector("[data-draft-spoken]");
  const offer = document.querySelector("[data-draft-offer]");
  const slot = document.querySelector("[data-conflict-slot]");
  // One copy a tab: two tabs of one person do not write over each other's.
  const tab = Math.random().toString(36).slice(2);
  const pageKey = () => copies.keyOf(person, location.pathname);
  const ownKey = () => `${pageKey()}#${tab}`;

  // --- What the form holds ---------------------------------------------------------------------------------

  const even = (text) => String(text ?? "").replace(/\r\n?/g, "\n");
  const plain = (text) => String(text ?? "").replace(/\s+/g, " ").trim();
  const controls = (name) => [...form.elements].filter((each) => each.name === name);
  const isTyped = (name) => {
    const [first] = controls(name);
    return !ABOUT_THE_PAGE.has(name) && first?.type !== "hidden";
  };

  /** {name: value} of everything, but the token of the page. */
  const everything = () =>
    Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));

  /** {name: value} of what a person types or chooses; a box that is not ticked is absent. */
  const typed = () => Object.fromEntries(Object.entries(everything()).filter(([name]) => isTyped(name)));

  /** What the page was served with, whatever the browser has put in its place since. */
  const served = (name) => {
    const [first] = controls(name);
    if (first instanceof HTMLSelectElement) {
      return [...first.options].find((each) => each.defaultSelected)?.value ?? first.options[0]?.value ?? "";
    }
    if (first.type === "checkbox" || first.type === "radio") {
      return controls(name).find((each) => each.defaultChecked)?.value ?? "";
    }
    return first.defaultValue;
  };

  const put = (name, value) => {
    const found = controls(name);
    for (const each of found) {
      if (each.type === "checkbox" || each.type === "radio") {
        each.checked = each.value === value;
      } else {
        each.value = value;
      }
    }
    return found.length > 0;
  };

  /** Name → the texts that the field may have been opened with: the one known to be stored, then those that
      were sent without an answer. */
  const opened = new Map();
  for (const each of form.elements) {
    if (each.name && isTyped(each.name) && !opened.has(each.name)) {
      opened.set(each.name, [even(served(each.name))]);
    }
  }
  const carried = form.elements.namedItem("opened");
  if (carried?.value) {
    // The page came back with a refusal: what it shows as served was typed.
    try {
      for (const [name, texts] of Object.entries(JSON.parse(carried.value))) {
        opened.set(name, texts);
      }
    } catch {
      // Served by us: it is always readable.
    }
  }

  const changed = () => {
    const now = typed();
    return [...new Set([...opened.keys(), ...Object.keys(now)])].filter((name) => {
      const texts = opened.get(name) ?? [""];
      return texts.length > 1 || even(now[name]) !== texts[0];
    });
  };
  const openedOf = (names) => Object.fromEntries(names.map((name) => [name, opened.get(name) ?? [""]]));

  // --- What the person reads -------------------------------------------------------------------------------

  let lastSpoken = "";
  const say = (text, { tone = "quiet", aloud = "", links = [] } = {}) => {
    if (!state) {
      return;
    }
    state.textContent = text;
    state.dataset.tone = tone;
    for (const { href, label, title } of links) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = label;
      if (title) {
        link.target = "_blank";
        link.rel = "noopener";
        link.title = title;
      }
      state.append(" ", link);
    }
    // Read aloud only when it is news: a trouble, its end, the first time. Not every few words.
    if (aloud && aloud !== lastSpoken && spoken) {
      spoken.textContent = text;
      lastSpoken = aloud;
    }
  };

  const label = (name) => {
    const [first] = controls(name);
    const words = first?.labels?.[0]?.firstChild?.textContent ?? first?.getAttribute("aria-label") ?? "";
    return words.trim().replace(/\s+/g, " ");
  };

  // --- The copy on this computer ---------------------------------------------------------------------------

  const keep = (sentFrom) => {
    const draft = { at: Date.now(), fields: everything(), opened: openedOf(changed()) };
    return copies.write(ownKey(), sentFrom ? { ...draft, sentFrom } : draft);
  };
  const isKept = () => (keep() ? "une copie est gardée sur cet ordinateur" : "gardez cette page ouverte");

  // --- Sending ---------------------------------------------------------------------------------------------

  let isDirty = false;
  let isLeaving = false;
  let isChoosing = false;
  let trouble = "";
  let fails = 0;
  let wait;
  let waitingSince = 0;
  let sending = null;

  const plan = (delay) => {
    clearTimeout(wait);
    wait = setTimeout(() => send(), delay);
  };
  const planWhenIdle = () => {
    waitingSince ||= Date.now();
    plan(Math.max(0, Math.min(IDLE, waitingSince + LONGEST_WAIT - Date.now())));
  };

  const failed = (kind, text, links = []) => {
    trouble = kind;
    say(`Non enregistré : ${text}`, { tone: "trouble", aloud: kind, links });
    return kind;
  };
  const tryAgain = () => {
    const pause = PAUSES[Math.min(fails, PAUSES.length - 1)];
    fails += 1;
    plan(pause * (0.8 + Math.random() * 0.4));
  };

  const lost = (reason) => {
    tryAgain();
    return failed(reason === "offline" ? "offline" : "server", `${
      reason === "offline" ? "la connexion est coupée" : `le site ne répond pas (${reason})`
    } ; ${isKept()}, nouvel essai automatique.`);
  };
  const expired = () => {
    tryAgain();
    return failed(
      "expired",
      `votre session est terminée ; ${isKept()}. Reconnectez-vous, puis revenez ici.`,
      form.dataset.signIn
        ? [{ href: form.dataset.signIn, label: "Se reconnecter", title: "Se reconnecter – nouvelle fenêtre" }]
        : [],
    );
  };

  const mark = (problems) => {
    for (const each of form.elements) {
      if (each.name && isTyped(each.name) && each.dataset.refused) {
        each.removeAttribute("aria-invalid");
        delete each.dataset.refused;
      }
    }
    for (const name of Object.keys(problems)) {
      for (const each of controls(name)) {
        each.setAttribute("aria-invalid", "true");
        each.dataset.refused = "yes";
      }
    }
  };

  const read = async (answer) => {
    try {
      return await answer.json();
    } catch {
      return null;
    }
  };

  const request = (body, isLast) =>
    fetch(form.action, {
      method: "POST",
      body,
      headers: { "X-Autosave": "1", "X-Autosave-Person": person },
      redirect: "manual",
      keepalive: isLast,
      signal: isLast ? undefined : AbortSignal.timeout(ANSWER_WITHIN),
    });

  /** After a new sign-in the page's token is no longer good: take a new one, if the page is still this person's. */
  const renewToken = async () => {
    const answer = await fetch(form.action, { redirect: "manual" });
    if (!answer.ok) {
      return answer.type === "opaqueredirect" ? "expired" : "";
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const theirs = page.querySelector("form[data-draft]");
    if (theirs?.dataset.draft !== person) {
      return "person";
    }
    const token = theirs.querySelector("input[name=csrfmiddlewaretoken]").value;
    for (const each of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) {
      each.value = token;
    }
    return "renewed";
  };

  const bodyOf = (names) => {
    const body = new FormData(form);
    body.set("opened", JSON.stringify(openedOf(names)));
    return body;
  };
  const isShort = () =>
    JSON.stringify([everything(), openedOf(changed())]).length < LONGEST_LAST_WORDS;

  const post = async (names) => {
    const answer = await request(bodyOf(names), isShort());
    if (answer.status !== 403 || answer.headers.get("Content-Type")?.includes("json")) {
      return answer;
    }
    const renewal = await renewToken();
    if (renewal === "renewed") {
      return request(bodyOf(names), isShort());
    }
    return renewal === "expired" || renewal === "person" ? renewal : answer;
  };

  /** Names that somebody else wrote: shown, unless the person is writing there too. */
  const takeOver = (fields, names, sent) => {
    const now = typed();
    for (const [name, value] of Object.entries(fields)) {
      if (!isTyped(name)) {
        put(name, value);
      } else if (!names.includes(name) && even(now[name]) === even(sent[name]) && put(name, value)) {
        opened.set(name, [even(value)]);
        controls(name)[0].dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
  };

  let moved = null;
  const move = (url, heading) => {
    copies.remove(ownKey());
    moved = { from: location.pathname, to: new URL(url, location.href).pathname };
    history.replaceState(history.state, "", url);
    const title = document.querySelector("[data-autosave-heading]");
    if (title && heading) {
      title.textContent = heading;
      document.title = document.title.replace(/^[^–]*/, `${heading} `);
    }
  };
  // The addresses that the page was served with go on under the new one.
  document.addEventListener("htmx:configRequest", (event) => {
    if (moved && event.detail.path.startsWith(moved.from)) {
      event.detail.path = moved.to + event.detail.path.slice(moved.from.length);
    }
  });

  const saved = (data, names, sent) => {
    for (const name of names) {
      opened.set(name, [even(sent[name])]);
    }
    takeOver(data.fields ?? {}, names, sent);
    if (data.url) {
      move(data.url, data.heading);
    }
    const wasInTrouble = trouble !== "";
    trouble = "";
    fails = 0;
    waitingSince = 0;
    mark({});
    slot?.replaceChildren();
    const others = (data.taken_over ?? []).filter((name) => !names.includes(name)).map(label);
    const also = others.filter(Boolean).join(", ");
    const more = also ? ` D’autres que vous ont changé : ${also}.` : "";
    // What reads the stored contract (the live line of findings) asks again.
    document.body.dispatchEvent(new CustomEvent("cdppe:saved"));
    say(`Enregistré à ${data.saved_at}.${more}`, {
      tone: "saved",
      aloud: wasInTrouble || more ? `saved ${data.saved_at} ${more}` : "saved",
    });
    isDirty = changed().length > 0;
    if (isDirty) {
      keep();
      planWhenIdle();
    } else {
      copies.remove(ownKey());
    }
    return "saved";
  };

  const refused = (data) => {
    const problems = data.problems ?? {};
    mark(problems);
    const named = Object.entries(problems).slice(0, 3);
    keep();
    const whole = named.filter(([name]) => !controls(name)[0]?.id || !isTyped(name));
    const linked = named.filter(([name]) => controls(name)[0]?.id && isTyped(name));
    return failed("refused", whole.map(([, sentence]) => sentence).join(" "), linked.map(
      ([name, sentence]) => ({ href: `#${controls(name)[0].id}`, label: `${label(name)} – ${sentence}` }),
    ));
  };

  const attempt = async () => {
    clearTimeout(wait);
    const names = changed();
    const sent = typed();
    say("Enregistrement…");
    let answer;
    const before = new Map(names.map((name) => [name, opened.get(name) ?? [""]]));
    const answering = post(names);
    for (const [name, [known, ...unsure]] of before) {
      // Until it is answered, each text may be the stored one.
      const texts = new Set([...unsure, even(sent[name])]);
      texts.delete(known);
      opened.set(name, [known, ...[...texts].slice(-MOST_TEXTS)]);
    }
    const nothingWasStored = () => before.forEach((texts, name) => opened.set(name, texts));
    try {
      answer = await answering;
    } catch {
      return lost("offline");
    }
    if (answer === "expired" || answer.type === "opaqueredirect") {
      nothingWasStored();
      return expired();
    }
    if (answer === "person") {
      nothingWasStored();
      return failed("person", `vous êtes connecté sous un autre nom ; ${isKept()}.`);
    }
    if (answer.status >= 500 || answer.status === 429) {
      return lost(`erreur ${answer.status}`);
    }
    const data = await read(answer);
    if (answer.ok && data) {
      return saved(data, names, sent);
    }
    if (answer.ok) {
      return lost("réponse illisible");
    }
    nothingWasStored();
    if (answer.status === 409 && data) {
      takeOver(data.fields ?? {}, names, sent);
      return choose(data);
    }
    if (answer.status === 422 && data) {
      return refused(data);
    }
    return failed("refused", `${data?.sentence ?? `le site a refusé l’envoi (erreur ${answer.status}).`} ${
      isKept().replace(/^./, (letter) => letter.toUpperCase())}.`);
  };

  /** Send what is not saved; the outcome: saved, nothing, conflict, refused, expired, offline, server, person. */
  const send = async () => {
    if (sending) {
      await sending;
    }
    if (isChoosing) {
      return "conflict";
    }
    if (isLeaving || changed().length === 0) {
      return "nothing";
    }
    sending = attempt();
    try {
      return await sending;
    } finally {
      sending = null;
    }
  };

  // --- Two texts: the person chooses -----------------------------------------------------------------------

  const wire = () => {
    const panel = slot?.querySelector("[data-conflict]");
    if (!panel) {
      return false;
    }
    for (const each of panel.querySelectorAll("[data-with-script]")) {
      each.hidden = false;
    }
    for (const each of panel.querySelectorAll("[data-without-script]")) {
      each.hidden = true;
    }
    panel.querySelector("[data-conflict-apply]")?.addEventListener("click", apply);
    isChoosing = panel.querySelector("[data-conflict-field]") !== null;
    return isChoosing;
  };

  const choose = (data) => {
    slot.innerHTML = data.html;
    wire();
    keep();
    return failed("conflict", "le même texte a été changé deux fois.", [
      { href: "#conflict", label: "Choisir entre les deux textes" },
    ]);
  };

  const apply = async () => {
    const panel = slot.querySelector("[data-conflict]");
    const fields = [...panel.querySelectorAll("[data-conflict-field]")];
    const choiceOf = (field) => field.querySelector("input:checked")?.value;
    const undecided = fields.find((field) => !choiceOf(field));
    const told = panel.querySelector("[data-conflict-told]");
    if (undecided) {
      told.textContent = "Choisissez pour chaque texte, puis enregistrez.";
      undecided.querySelector("input").focus();
      return;
    }
    told.textContent = "";
    for (const field of fields) {
      const { conflictField: name, conflictTheirs: theirs } = field.dataset;
      const choice = choiceOf(field);
      if (choice === "theirs") {
        put(name, theirs);
      } else if (choice === "both") {
        put(name, `${typed()[name] ?? ""}\n\n${theirs}`);
      }
      opened.set(name, [even(theirs)]);
      controls(name)[0]?.dispatchEvent(
        new Event(controls(name)[0] instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }),
      );
    }
    isChoosing = false;
    const first = controls(fields[0].dataset.conflictField)[0];
    if (changed().length === 0) {
      // Everything as the other person wrote it: nothing to send.
      trouble = "";
      isDirty = false;
      copies.remove(ownKey());
      slot.replaceChildren();
      say("Rien à enregistrer : vous avez gardé les textes enregistrés.", { tone: "saved", aloud: "theirs" });
      first?.focus();
      return;
    }
    if ((await send()) === "saved") {
      first?.focus();
    }
  };

  // --- When ------------------------------------------------------------------------------------------------

  let copyTimer;
  form.addEventListener("input", (event) => {
    if (event.target.closest("[data-conflict]")) {
      return;
    }
    isSigningOut = false;
    isDirty = !autosaves || changed().length > 0;
    clearTimeout(copyTimer);
    if (!isDirty) {
      return;
    }
    copyTimer = setTimeout(() => {
      if (!isDirty) {
        // Saved in between: there is nothing left to say or to keep.
        return;
      }
      const isStored = keep();
      if (!sending && !isChoosing && !["offline", "server", "expired", "person"].includes(trouble)) {
        say(isStored ? "Pas encore enregistré ; une copie est gardée sur cet ordinateur." : "Pas encore enregistré.");
      }
    }, 400);
    if (autosaves && !isChoosing && !["offline", "server", "expired"].includes(trouble)) {
      planWhenIdle();
    }
  });

  const sendSoon = () => {
    if (autosaves && !document.hidden && trouble && trouble !== "refused" && changed().length) {
      plan(100);
    }
  };
  window.addEventListener("online", sendSoon);
  window.addEventListener("focus", sendSoon);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      sendSoon();
    } else if (autosaves && !isSigningOut && !trouble) {
      send();
    }
  });

  // The lines of the grid change with the objective: what was not there is opened empty.
  document.addEventListener("htmx:afterSettle", () => {
    if (autosaves && changed().length) {
      isDirty = true;
      planWhenIdle();
    }
  });

  const submitForGood = () => {
    isLeaving = true;
    clearTimeout(wait);
    if (carried) {
      carried.value = JSON.stringify(openedOf(changed()));
    }
    if (isDirty || copies.read(ownKey())) {
      keep(location.pathname);
    }
    isDirty = false;
    form.submit();
  };

  form.addEventListener("submit", async (event) => {
    clearTimeout(copyTimer);
    if (!autosaves) {
      if (isDirty || copies.read(ownKey())) {
        keep(location.pathname);
      }
      isDirty = false;
      return;
    }
    event.preventDefault();
    if (isLeaving) {
      return;
    }
    const outcome = await send();
    if (outcome === "conflict") {
      document.getElementById("conflict")?.focus();
    } else if (outcome === "offline" || outcome === "server") {
      // The page stays: a page of the browser's own would take the place of what was typed.
    } else if (!isLeaving) {
      submitForGood();
    }
  });

  window.addEventListener("beforeunload", (event) => {
    if (isLeaving || !isDirty) {
      return;
    }
    clearTimeout(copyTimer);
    if (!isSigningOut) {
      keep();
    }
    if (!autosaves || trouble || !navigator.onLine || !isShort()) {
      event.preventDefault();
    }
  });
  window.addEventListener("pagehide", () => {
    if (autosaves && !isLeaving && !isSigningOut && !isChoosing && !trouble && changed().length && isShort()) {
      request(bodyOf(changed()), true).catch(() => {});
    }
  });

  // The session ended while the page was open: the sign-in page must not take the place of the totals.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== pathInfo.finalRequestPath.split("?")[0]) {
      event.detail.shouldSwap = false;
      keep();
      if (autosaves) {
        expired();
      } else {
        say("Votre session est terminée. Enregistrez : après la connexion, votre texte vous sera proposé.");
      }
    }
  });

  // --- What a former page left -----------------------------------------------------------------------------

  const restore = (draft) => {
    const { fields } = draft;
    const objective = form.querySelector("select[hx-post]");
    const isPartial = autosaves && draft.opened && "version" in fields;
    const names = isPartial ? Object.keys(draft.opened) : Object.keys(fields);
    const isOtherObjective =
      objective && names.includes(objective.name) && plain(fields[objective.name]) !== plain(objective.value);
    for (const name of names) {
      const value = fields[name] ?? "";
      if (!put(name, value) && value) {
        // An amount whose line comes with its objective: the answer to the change below gives it its place.
        const box = document.createElement("input");
        box.type = "hidden";
        box.name = name;
        box.value = value;
        (document.getElementById("financing") ?? form).append(box);
      }
    }
    if (isPartial) {
      // Only what was changed then comes back: the rest of the page is newer.
      for (const [name, texts] of Object.entries(draft.opened)) {
        opened.set(name, texts);
      }
      for (const name of ["version", "place", "creation_token"]) {
        if (fields[name]) {
          put(name, fields[name]);
        }
      }
    } else {
      for (const box of form.querySelectorAll("input[type=checkbox]")) {
        box.checked = box.name in fields;
      }
    }
    isDirty = true;
    keep();
    const shown = isOtherObjective ? objective : (form.querySelector(".cdppe-amount") ?? controls(names[0])[0]);
    shown?.dispatchEvent(new Event(isOtherObjective ? "change" : "input", { bubbles: true }));
    say("Texte repris, pas encore enregistré.");
    if (autosaves) {
      planWhenIdle();
    }
  };

  const differs = (draft) => {
    const shown = everything();
    const names = autosaves && draft.opened ? Object.keys(draft.opened) : Object.keys(draft.fields);
    return names.some((name) => isTyped(name) && plain(draft.fields[name]) !== plain(shown[name]));
  };
  const isOfThisObject = (draft) => !draft.fields.place || draft.fields.place === everything().place;

  const offerDraft = () => {
    const found = copies
      .keys()
      .filter((key) => key !== ownKey() && (key === pageKey() || key.startsWith(`${pageKey()}#`)))
      .map((key) => ({ key, draft: copies.read(key) }))
      .filter(({ draft }) => draft && isOfThisObject(draft))
      .sort((one, other) => other.draft.at - one.draft.at);
    const waiting = found.find(({ draft }) => differs(draft));
    if (!offer || !waiting) {
      return;
    }
    const { key, draft } = waiting;
    const when = new Date(draft.at);
    offer.querySelector("[data-draft-when]").textContent =
      `le ${when.toLocaleDateString("fr-FR")} à ${when.toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" })}`;
    offer.hidden = false;
    const first = () => form.querySelector("input:not([type=hidden]), select, textarea");
    offer.querySelector("[data-draft-restore]").onclick = () => {
      offer.hidden = true;
      copies.remove(key);
      restore(draft);
      first().focus();
    };
    offer.querySelector("[data-draft-discard]").onclick = () => {
      offer.hidden = true;
      copies.remove(key);
      first().focus();
      offerDraft();
    };
  };

  isDirty = autosaves && changed().length > 0;
  if (!wire() && document.querySelector("[data-saved]") === null && isDirty) {
    keep();
  }
  offerDraft();
})();
