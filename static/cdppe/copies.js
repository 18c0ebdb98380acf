/* What is typed and not stored yet is kept on this computer: one person's copy of one form. autosave.js, drafts.js and
   grid_autosave.js read and write the copies here; they are loaded after this file. Copies disappear once saved, at
   sign-out, and after a week. */
"use strict";

globalThis.cdppeCopies = (() => {
  const PREFIX = "cdppe-draft:";
  const LIFETIME = 7 * 24 * 3600 * 1000;

  /** The name of the copy that `person` (an id) has of the form at `place`. */
  const keyOf = (person, place) => `${PREFIX}${person}:${place}`;

  // A browser that refuses storage keeps no copy; everything else works.
  const read = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  const write = (key, copy) => {
    try {
      localStorage.setItem(key, JSON.stringify(copy));
      return true;
    } catch {
      return false;
    }
  };
  const remove = (key) => {
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing is stored.
    }
  };
  const keys = () => {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return [];
    }
  };

  /** Call `gesture` when the person signs out: from then on nothing more is kept. */
  const onSignOut = (gesture) => {
    document.addEventListener("submit", (event) => {
      if (event.target.querySelector("[data-forgets-drafts]")) {
        gesture();
      }
    });
  };

  // The next person on this computer finds no copy: none outlives the sign-out.
  onSignOut(() => keys().forEach(remove));

  for (const key of keys()) {
    const copy = read(key);
    const isSaved = copy?.sentFrom && document.querySelector("[data-saved]");
    if (!copy || isSaved || Date.now() - copy.at > LIFETIME) {
      remove(key);
    }
  }

  return { keyOf, read, write, remove, keys, onSignOut };
})();
