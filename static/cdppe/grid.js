/* A table of boxes filled as a spreadsheet is: keyboard, paste of a block, undo of the paste, errors by cell. The page
   works without it: the same boxes, the same rules on the server.

   Markup: `[data-grid-scope]` (where the tools and sentences stand) holds tables `[data-grid="figure|amount"]` whose rows
   `tr[data-grid-row]` give the geometry: one <td> a column, with a box or not; `data-refuses` on a row or a cell says why
   it takes nothing. What a paste changes is told by `input` events, as typing is. */
"use strict";

(() => {
  const numbers = globalThis.cdppeNumbers;
  const MOST_CELLS = 2000;
  const LONGEST_PASTE = 200_000;
  const LONGEST_REASON = 300;
  const MOST_TOLD = 20;
  const BOX = "[data-grid] tr[data-grid-row] > td input:not([type=hidden])";

  const said = (count, one, many) => `${count} ${count > 1 ? many : one}`;
  const boxOf = (element) => (element instanceof Element && element.matches(BOX) ? element : null);
  const inCell = (cell) => cell?.querySelector("input:not([type=hidden])") ?? null;
  const rowsOf = (grid) => [...grid.querySelectorAll("tr[data-grid-row]")];
  const cellsOf = (row) => [...row.querySelectorAll(":scope > td")];
  const boxesOf = (root) => [...root.querySelectorAll(BOX)];
  const scopeOf = (box) => box.closest("[data-grid-scope]");
  const rowName = (row) =>
    (row.querySelector(".cdppe-dashboard__label") ?? row.querySelector("th"))?.textContent.trim() ?? "";

  // --- What is wrong in a box ------------------------------------------------------------------

  const problemOf = (box) => {
    if (box.dataset.reason !== undefined) {
      return reasonProblem(box);
    }
    if (box.closest("[data-grid]").dataset.grid === "amount") {
      return numbers.readAmount(box.value).problem;
    }
    return numbers.isUnavailable(box.value)
      ? ""
      : numbers.readFigure(box.value, box.closest("tr").dataset.sign).problem;
  };

  const reasonProblem = (box) => {
    const row = box.closest("tr");
    const reason = numbers.oneLine(box.value);
    const isNew = reason !== numbers.oneLine(row.querySelector("input[name^='or-']")?.value ?? "");
    const isUsed = boxesOf(row).some((each) => each !== box && numbers.isUnavailable(each.value));
    const length = [...reason].length;
    if (isUsed && !reason) {
      return "dites pourquoi la valeur n’est pas disponible.";
    }
    if (isUsed && isNew && length > LONGEST_REASON) {
      return `${length} caractères, c’est trop long : ${LONGEST_REASON} au plus.`;
    }
    if (reason && isNew && !isUsed) {
      return "une raison est donnée, mais aucune case de la ligne n’est à « nd ».";
    }
    return "";
  };

  const messageId = (box) => `${box.id}-error`;

  /* Where the sentences of a row stand: under it in a wide table, in the cell of a narrow one. */
  const messagePlace = (box) => {
    if (box.closest("[data-grid]").dataset.grid === "amount") {
      return box.parentElement;
    }
    const row = box.closest("tr");
    let remarks = row.nextElementSibling;
    if (!remarks?.matches("[data-grid-remarks]")) {
      remarks = document.createElement("tr");
      remarks.className = "cdppe-dashboard__remarks";
      remarks.dataset.gridRemarks = "";
      const cell = remarks.insertCell();
      cell.colSpan = row.cells.length;
      row.after(remarks);
    }
    return remarks.cells[0];
  };

  const mark = (box, sentence) => {
    const told = document.getElementById(messageId(box));
    const label = box.dataset.reason === undefined ? box.closest("td").dataset.label : "Raison";
    const text = label && !sentence.startsWith(`${label} : `) ? `${label} : ${sentence}` : sentence;
    if (told?.textContent === text) {
      return;
    }
    const message = told ?? document.createElement("p");
    message.className = "fr-message fr-message--error";
    message.id = messageId(box);
    message.textContent = text;
    if (!told) {
      messagePlace(box).append(message);
    }
    box.closest(".fr-input-group")?.classList.add("fr-input-group--error");
    box.classList.add("fr-input--error");
    box.setAttribute("aria-invalid", "true");
    box.setAttribute("aria-describedby", message.id);
  };

  const unmark = (box) => {
    const message = document.getElementById(messageId(box));
    const remarks = message?.closest("[data-grid-remarks]");
    message?.remove();
    document.getElementById(`${box.id}-choice`)?.remove();
    delete box.dataset.contested;
    if (remarks && !remarks.cells[0].childElementCount) {
      remarks.remove();
    }
    box.closest(".fr-input-group")?.classList.remove("fr-input-group--error");
    box.classList.remove("fr-input--error");
    box.removeAttribute("aria-invalid");
    box.removeAttribute("aria-describedby");
  };

  const judge = (box) => {
    if (box.dataset.contested === box.value) {
      return;
    }
    const sentence = problemOf(box);
    if (sentence) {
      mark(box, sentence);
    } else {
      unmark(box);
    }
  };

  /* The sentences at the top, each with a link to its box; and the way to the next one from wherever one is. */
  const tellProblems = (scope) => {
    const wrong = boxesOf(scope).filter((box) => box.getAttribute("aria-invalid") === "true");
    const alert = scope.querySelector("[data-grid-errors]");
    if (alert) {
      alert.hidden = wrong.length === 0;
      alert.querySelector("[data-grid-count]").textContent =
        `${said(wrong.length, "case", "cases")} à corriger :`;
      fill(
        alert.querySelector("[data-grid-list]"),
        wrong.map((box) => {
          const link = document.createElement("a");
          link.href = `#${box.id}`;
          const row = rowName(box.closest("tr"));
          const sentence = document.getElementById(messageId(box))?.textContent ?? "";
          link.textContent = sentence.startsWith(row) ? sentence : `${row} – ${sentence}`;
          return link;
        }),
      );
    }
    const next = scope.querySelector("[data-grid-next-error]");
    if (next) {
      next.hidden = wrong.length === 0;
      next.textContent = `${said(wrong.length, "case", "cases")} à corriger : voir la suivante`;
    }
    document.querySelector("[data-grid-server-errors]")?.remove();
  };

  const fill = (list, items) => {
    // A list that says the same again keeps its links: one of them may be under the pointer.
    const told = items.map((item) => item.textContent ?? item).join("\n");
    if (list.dataset.told === told && list.childElementCount) {
      return;
    }
    list.dataset.told = told;
    const shown = items.slice(0, MOST_TOLD);
    if (items.length > MOST_TOLD) {
      shown.push(`et ${said(items.length - MOST_TOLD, "autre", "autres")}.`);
    }
    list.replaceChildren(
      ...shown.map((item) => {
        const entry = document.createElement("li");
        entry.append(item);
        return entry;
      }),
    );
  };

  const say = (scope, sentence) => {
    const live = scope.querySelector("[data-grid-live]");
    if (live) {
      live.textContent = sentence;
    }
  };

  // --- Writing in boxes ------------------------------------------------------------------------

  let isWriting = false;

  const write = (box, text) => {
    box.value = text;
    isWriting = true;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    isWriting = false;
  };

  /* The reason of a row is judged once the person is done with the row. */
  const judgeRow = (row) => {
    for (const box of boxesOf(row)) {
      judge(box);
    }
  };

  // --- Keyboard --------------------------------------------------------------------------------

  const before = new WeakMap();

  const go = (box) => {
    if (box) {
      box.focus();
      box.select();
    }
  };

  const neighbour = (box, down, right) => {
    const rows = rowsOf(box.closest("[data-grid]"));
    const cell = box.closest("td");
    let y = rows.indexOf(cell.parentElement);
    let x = cellsOf(cell.parentElement).indexOf(cell);
    for (;;) {
      y += down;
      x += right;
      const row = rows[y];
      if (!row || x < 0 || (right && x >= cellsOf(row).length)) {
        return null;
      }
      const found = inCell(cellsOf(row)[x]);
      if (found) {
        return found;
      }
    }
  };

  const isAtEdge = (box, right) => {
    const { selectionStart: start, selectionEnd: end, value } = box;
    const isWhole = start === 0 && end === value.length;
    return isWhole || (start === end && start === (right > 0 ? value.length : 0));
  };

  document.addEventListener("keydown", (event) => {
    const box = boxOf(event.target);
    if (!box || event.isComposing || event.altKey) {
      return;
    }
    const isCommand = event.ctrlKey || event.metaKey;
    const grid = box.closest("[data-grid]");
    const act = (gesture) => {
      event.preventDefault();
      gesture();
    };
    if (isCommand) {
      if (event.key === "Home" || event.key === "End") {
        act(() => go(boxesOf(grid).at(event.key === "Home" ? 0 : -1)));
      } else if (event.key.toLowerCase() === "z" && !event.shiftKey && pasted.get(scopeOf(box))?.isLast) {
        act(() => undo(scopeOf(box)));
      }
      return;
    }
    switch (event.key) {
      case "Enter":
        act(() => go(neighbour(box, event.shiftKey ? -1 : 1, 0)));
        break;
      case "ArrowUp":
      case "ArrowDown":
        if (!event.shiftKey) {
          act(() => go(neighbour(box, event.key === "ArrowUp" ? -1 : 1, 0)));
        }
        break;
      case "ArrowLeft":
      case "ArrowRight": {
        const right = event.key === "ArrowRight" ? 1 : -1;
        if (!event.shiftKey && isAtEdge(box, right)) {
          act(() => go(neighbour(box, 0, right)));
        }
        break;
      }
      case "F2":
        act(() => box.setSelectionRange(box.value.length, box.value.length));
        break;
      case "Escape":
        if (box.value !== before.get(box)) {
          act(() => {
            write(box, before.get(box) ?? "");
            judge(box);
            tellProblems(scopeOf(box));
            box.select();
          });
        }
        break;
      default:
    }
  });

  document.addEventListener("focusin", (event) => {
    const box = boxOf(event.target);
    if (box) {
      before.set(box, box.value);
    }
  });

  document.addEventListener("input", (event) => {
    const box = boxOf(event.target);
    if (!box || isWriting) {
      return;
    }
    const last = pasted.get(scopeOf(box));
    if (last) {
      last.isLast = false;
    }
    // A mark disappears as soon as it is no longer true; a new one waits until the cell is left.
    if (box.getAttribute("aria-invalid") === "true" && !problemOf(box)) {
      unmark(box);
      tellProblems(scopeOf(box));
    }
  });

  document.addEventListener("change", (event) => {
    const box = boxOf(event.target);
    if (box) {
      judge(box);
      tellProblems(scopeOf(box));
    }
  });

  document.addEventListener("focusout", (event) => {
    const row = boxOf(event.target)?.closest("tr");
    const reason = row?.querySelector("input[data-reason]");
    if (reason && !row.contains(event.relatedTarget) && boxesOf(row).some((box) => box.value !== box.defaultValue)) {
      judge(reason);
      tellProblems(scopeOf(reason));
    }
  });

  // --- Paste and undo --------------------------------------------------------------------------

  const pasted = new WeakMap();

  /* Rows of cells of what a spreadsheet copies: tabs, line ends, cells with quotes around a line end of theirs. Null
     when there are more than MOST_CELLS: nobody waits for the end of a huge block. */
  const readBlock = (text) => {
    const rows = [[]];
    let count = 0;
    let at = 0;
    const plain = text.replace(/\r\n?/gu, "\n").replace(/\n$/u, "");
    while (at <= plain.length) {
      let cell;
      const quoted = plain[at] === '"' ? /^"((?:[^"]|"")*)"(?=\t|\n|$)/u.exec(plain.slice(at)) : null;
      if (quoted) {
        cell = quoted[1].replaceAll('""', '"');
        at += quoted[0].length;
      } else {
        const rest = plain.slice(at).search(/[\t\n]/u);
        const end = rest < 0 ? plain.length : at + rest;
        cell = plain.slice(at, end);
        at = end;
      }
      rows.at(-1).push(cell.replace(/\s*[\n\t]\s*/gu, " ").trim());
      count += 1;
      if (count > MOST_CELLS) {
        return null;
      }
      if (plain[at] === "\n") {
        rows.push([]);
      }
      at += 1;
    }
    return rows;
  };

  /* What is told above the table pushes it down: the cell stays under the person's eyes. */
  const keepInPlace = (box, gesture) => {
    const top = box.getBoundingClientRect().top;
    gesture();
    window.scrollBy(0, box.getBoundingClientRect().top - top);
  };

  const paste = (box, text) => {
    const scope = scopeOf(box);
    const block = text.length <= LONGEST_PASTE ? readBlock(text) : null;
    if (block === null) {
      tellRefused(scope, new Map());
      say(
        scope,
        `Le bloc est trop grand : ${MOST_CELLS.toLocaleString("fr-FR")} cellules au plus à la fois. Rien n’a été collé.`,
      );
      return;
    }
    const rows = rowsOf(box.closest("[data-grid]"));
    const cell = box.closest("td");
    const top = rows.indexOf(cell.parentElement);
    const left = cellsOf(cell.parentElement).indexOf(cell);
    const cells = [];
    const refused = new Map();
    const refuse = (why, name) => {
      const told = refused.get(why) ?? { count: 0, names: new Set() };
      told.count += 1;
      told.names.add(name);
      refused.set(why, told);
    };
    block.forEach((line, down) => {
      const row = rows[top + down];
      const places = row ? cellsOf(row) : [];
      line.forEach((value, right) => {
        const place = places[left + right];
        const target = inCell(place);
        // A block that is too wide must not write its figures over the reasons.
        const isStray = target?.dataset.reason !== undefined && numbers.readFigure(value).value !== null;
        if (target && !isStray) {
          cells.push({ box: target, before: target.value, after: value });
        } else if (value) {
          const own = isStray ? "un nombre n’est pas une raison" : place?.dataset.refuses;
          refuse(own ?? row?.dataset.refuses ?? "hors du tableau", row ? rowName(row) : "");
        }
      });
    });
    for (const each of cells) {
      write(each.box, each.after);
    }
    for (const row of new Set(cells.map((each) => each.box.closest("tr")))) {
      judgeRow(row);
    }
    pasted.set(scope, { cells, isLast: true });
    scope.querySelector("[data-grid-undo]").hidden = cells.length === 0;
    tellProblems(scope);
    tellRefused(scope, refused);
    const wrong = cells.filter((each) => each.box.getAttribute("aria-invalid") === "true").length;
    const leftOut = [...refused.values()].reduce((sum, each) => sum + each.count, 0);
    const parts = [said(cells.length, "cellule collée", "cellules collées")];
    if (wrong) {
      parts.push(`dont ${wrong} à corriger`);
    }
    parts.push(said(leftOut, "refusée", "refusées"));
    say(scope, `${parts.join(", ")}.`);
    before.set(box, box.value);
    box.select();
  };

  const tellRefused = (scope, refused) => {
    const alert = scope.querySelector("[data-grid-refused]");
    alert.hidden = refused.size === 0;
    scope.querySelector("[data-grid-see-refused]").hidden = refused.size === 0;
    fill(
      alert.querySelector("[data-grid-list]"),
      [...refused].map(([why, { count, names }]) => {
        const shown = [...names].filter(Boolean).slice(0, 5);
        const rows = shown.length ? ` (${shown.join(" ; ")}${names.size > 5 ? "…" : ""})` : "";
        return `${said(count, "case", "cases")}, ${why}${rows}.`;
      }),
    );
  };

  /* Give back what the cells held before the last paste, but for those that were changed since. */
  const undo = (scope) => {
    const last = pasted.get(scope);
    if (!last) {
      return;
    }
    const same = last.cells.filter((each) => each.box.isConnected && each.box.value === each.after);
    for (const each of same) {
      write(each.box, each.before);
    }
    for (const row of new Set(same.map((each) => each.box.closest("tr")))) {
      judgeRow(row);
    }
    pasted.delete(scope);
    scope.querySelector("[data-grid-undo]").hidden = true;
    tellProblems(scope);
    tellRefused(scope, new Map());
    const kept = last.cells.length - same.length;
    say(
      scope,
      `Collage annulé : ${said(same.length, "cellule rendue", "cellules rendues")} à leur valeur d’avant` +
        (kept ? `, ${said(kept, "modifiée depuis et laissée", "modifiées depuis et laissées")}.` : "."),
    );
  };

  document.addEventListener("paste", (event) => {
    const box = boxOf(event.target);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    // One value without its line end goes where the cursor is, as in any text.
    if (!box || !/[\t\n\r]/u.test(text)) {
      return;
    }
    event.preventDefault();
    keepInPlace(box, () => paste(box, text));
  });

  document.addEventListener("click", (event) => {
    const scope = event.target instanceof Element ? event.target.closest("[data-grid-scope]") : null;
    if (!scope) {
      return;
    }
    const link = event.target.closest("[data-grid-errors] a[href^='#']");
    if (link) {
      event.preventDefault();
      go(document.getElementById(link.hash.slice(1)));
    } else if (event.target.closest("[data-grid-undo]")) {
      const box = pasted.get(scope)?.cells[0]?.box;
      undo(scope);
      go(box?.isConnected ? box : null);
    } else if (event.target.closest("[data-grid-next-error]")) {
      const wrong = boxesOf(scope).filter((box) => box.getAttribute("aria-invalid") === "true");
      const here = lastBox && scope.contains(lastBox) ? lastBox : null;
      go(
        wrong.find((box) => here && here.compareDocumentPosition(box) & Node.DOCUMENT_POSITION_FOLLOWING) ??
          wrong[0],
      );
    }
  });

  let lastBox = null;
  document.addEventListener("focusin", (event) => {
    lastBox = boxOf(event.target) ?? lastBox;
  });

  // --- What the server answers to a page that saves by itself ----------------------------------

  const choose = (box, conflict) => {
    box.dataset.contested = box.value;
    const opened = box.form.elements[box.name.replace(/^v-/u, "o-")];
    const row = box.closest("tr");
    const settle = (isMine) => {
      opened.value = conflict.opened;
      const reason = row.querySelector("input[data-reason]");
      if (!isMine && conflict.reason && reason && !reason.value) {
        reason.value = conflict.reason;
        row.querySelector("input[name^='or-']").value = conflict.reason;
      }
      unmark(box);
      write(box, isMine ? box.value : conflict.typed);
      judgeRow(row);
      tellProblems(scopeOf(box));
      go(box);
    };
    const buttons = document.createElement("p");
    buttons.id = `${box.id}-choice`;
    buttons.className = "cdppe-grid__choice";
    for (const [label, isMine] of [
      [`Garder la mienne : ${conflict.mine}`, true],
      [`Prendre celle enregistrée : ${conflict.stored}`, false],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "fr-btn fr-btn--tertiary fr-btn--sm";
      button.textContent = label;
      button.addEventListener("click", () => settle(isMine));
      buttons.append(button);
    }
    messagePlace(box).append(buttons);
  };

  document.addEventListener("autosave:answer", (event) => {
    const form = event.target;
    const { answer, sent } = event.detail;
    if (!form.matches("[data-grid-scope]") || !answer?.problems) {
      return;
    }
    // What was written is what the next save compares with, even when some cells beside it were refused.
    for (const [name, value] of Object.entries(answer.fields ?? {})) {
      if (form.elements[name]) {
        form.elements[name].value = value;
      }
    }
    for (const [id, text] of Object.entries(answer.computed ?? {})) {
      const cell = document.getElementById(id);
      if (cell && !inCell(cell)) {
        cell.textContent = text || "–";
      }
    }
    for (const box of boxesOf(form)) {
      const sentence = answer.problems[box.name];
      const isStale = sent && sent.get(box.name) !== box.value;
      if (sentence && !isStale) {
        unmark(box);
        mark(box, sentence);
        if (answer.conflicts?.[box.name]) {
          choose(box, answer.conflicts[box.name]);
        }
      } else if (!sentence && document.getElementById(messageId(box))) {
        judge(box);
      }
    }
    tellProblems(form);
  });

  // --- At the opening of the page --------------------------------------------------------------

  const reveal = (root) => {
    for (const tools of root.querySelectorAll("[data-grid-tools]")) {
      tools.hidden = false;
    }
  };
  reveal(document);
  document.addEventListener("htmx:load", (event) => reveal(event.target));

  const named = boxOf(document.getElementById(location.hash.slice(1)));
  if (named) {
    go(named);
  }
})();
