/* The SHA-256 of a chosen or dropped file, computed here: the file itself is never sent. */
"use strict";

(() => {
  const part = document.querySelector("[data-verify]");
  const form = document.querySelector("form[data-verify-form]");
  if (!part || !form || !globalThis.crypto?.subtle) {
    return;
  }
  const input = part.querySelector("input[type=file]");
  const state = part.querySelector("[data-verify-state]");
  part.hidden = false;

  const verify = async (file) => {
    if (!file) {
      return;
    }
    state.textContent = `Calcul de l’empreinte de « ${file.name} »…`;
    try {
      const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
      const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      form.querySelector("input[name=empreinte]").value = hex;
      form.submit();
    } catch {
      state.textContent = "Ce fichier n’a pas pu être lu. Choisissez-le de nouveau.";
    }
  };

  input.addEventListener("change", () => verify(input.files[0]));
  part.addEventListener("dragover", (event) => event.preventDefault());
  part.addEventListener("drop", (event) => {
    event.preventDefault();
    verify(event.dataTransfer.files[0]);
  });
})();
