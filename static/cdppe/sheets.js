/* Ranking the sheets with the mouse, within their objective. The keyboard has the buttons of each row. */
"use strict";

(() => {
  let dragged = null;

  const rowOf = (event) => event.target.closest?.("tr[data-sheet]");

  const clear = () => {
    for (const row of document.querySelectorAll("tr[data-drop]")) {
      delete row.dataset.drop;
    }
  };

  // The row under the pointer and the side on which the dragged one would stand; null outside its objective.
  const placeAt = (event) => {
    const row = rowOf(event);
    if (!dragged || !row || row === dragged || row.parentElement !== dragged.parentElement) {
      return null;
    }
    const box = row.getBoundingClientRect();
    return { row, isBefore: event.clientY < box.top + box.height / 2 };
  };

  document.addEventListener("dragstart", (event) => {
    if (!event.target.closest?.(".cdppe-sheets__handle")) {
      return;
    }
    dragged = rowOf(event);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.sheet);
    event.dataTransfer.setDragImage(dragged, 0, 0);
    dragged.dataset.dragged = "";
  });

  document.addEventListener("dragover", (event) => {
    clear();
    const place = placeAt(event);
    if (place) {
      event.preventDefault();
      place.row.dataset.drop = place.isBefore ? "before" : "after";
    }
  });

  document.addEventListener("drop", (event) => {
    const place = placeAt(event);
    clear();
    if (!place) {
      return;
    }
    event.preventDefault();
    const follower = place.isBefore ? place.row : place.row.nextElementSibling;
    if (follower === dragged) {
      return;
    }
    htmx.ajax("POST", dragged.dataset.moveUrl, {
      target: "#sheet-list",
      swap: "outerHTML",
      values: { avant: follower ? follower.dataset.sheet : "fin" },
    });
  });

  document.addEventListener("dragend", () => {
    clear();
    if (dragged) {
      delete dragged.dataset.dragged;
      dragged = null;
    }
  });

  // The order was not saved: say it rather than leave the list as if it were.
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      if (event.detail.target?.id === "sheet-list") {
        document.getElementById("sheet-status").textContent =
          "L’ordre n’a pas été enregistré : vérifiez votre connexion, puis rechargez la page.";
      }
    });
  }
})();
