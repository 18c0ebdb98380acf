/* Who else is on this page of the contract: the page says now and then that it is open (contracts/presence.py). */
"use strict";

(() => {
  const line = document.querySelector("[data-presence]");
  if (!line) {
    return;
  }
  const { presence: url, presencePlace, presenceSeconds } = line.dataset;
  const tab = crypto.randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);
  let timer;
  let isGone = false;

  const place = () => document.querySelector("form[data-autosave] input[name=place]")?.value || presencePlace;
  const body = (more = {}) => {
    const found = new FormData();
    found.set("csrfmiddlewaretoken", document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "");
    for (const [name, value] of Object.entries({ tab, place: place(), ...more })) {
      found.set(name, value);
    }
    return found;
  };

  const beat = async () => {
    clearTimeout(timer);
    if (document.hidden || isGone) {
      return;
    }
    timer = setTimeout(beat, Number(presenceSeconds) * 1000);
    if (!place()) {
      return;
    }
    try {
      const answer = await fetch(url, { method: "POST", body: body(), redirect: "manual" });
      const told = answer.ok ? (await answer.json()).told : "";
      if (line.textContent !== told) {
        line.textContent = told;
      }
    } catch {
      // Without a connection nobody is known to be there; the state of the save tells the rest.
      line.textContent = "";
    }
  };

  const leave = () => {
    isGone = true;
    clearTimeout(timer);
    navigator.sendBeacon(url, body({ left: "1" }));
  };

  document.addEventListener("visibilitychange", beat);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      isGone = false;
      beat();
    }
  });
  beat();
})();
