/* Long texts with light marks (cdppe/lib/rich_text.py): a toolbar over each textarea marked `data-rich-text` (the
   address of the preview), lists that go on with Enter, and a paste that keeps bold, lists and paragraphs.
   Without this script the textarea is plain and its marks are typed. */
"use strict";

(() => {
  const ITEM = /^(\s*)(?:([-–•·])|([1-9][0-9]{0,2})([.)]))\s+/;

  // Written as a person types it: the browser's own undo takes it back, and the form hears of it.
  const replace = (area, start, end, text) => {
    area.focus();
    area.setSelectionRange(start, end);
    const isDone = text
      ? document.execCommand("insertText", false, text)
      : start === end || document.execCommand("delete");
    if (!isDone) {
      area.setRangeText(text, start, end, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  // The whole lines that the selection touches.
  const lines = (area) => {
    const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const after = area.value.indexOf("\n", Math.max(area.selectionEnd - (area.selectionEnd > start ? 1 : 0), start));
    const end = after < 0 ? area.value.length : after;
    return { start, end, text: area.value.slice(start, end) };
  };

  const bold = (area) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const chosen = value.slice(from, to);
    if (!chosen.trim()) {
      // Nothing chosen: the marks, and the caret between them.
      replace(area, from, to, `****${chosen}`);
      area.setSelectionRange(from + 2, from + 2);
      return;
    }
    if (value.slice(from - 2, from) === "**" && value.slice(to, to + 2) === "**") {
      replace(area, from - 2, to + 2, chosen);
      area.setSelectionRange(from - 2, to - 2);
      return;
    }
    const wanted = isBold(chosen) ? chosen.replaceAll("**", "") : marked(chosen);
    replace(area, from, to, wanted);
    area.setSelectionRange(from, from + wanted.length);
  };

  const isBold = (text) => /^\s*\*\*[^]*\*\*\s*$/.test(text);

  // Bold is said line by line, and its asterisks touch the words; the mark of a list stays outside.
  const marked = (text) =>
    text
      .split("\n")
      .map((line) => {
        const mark = ITEM.exec(line)?.[0] ?? "";
        const [, before, words, after] = /^(\s*)([^]*?)(\s*)$/.exec(line.slice(mark.length).replaceAll("**", ""));
        return words ? `${mark}${before}**${words}**${after}` : line;
      })
      .join("\n");

  const list = (area, isNumbered) => {
    const { start, end, text } = lines(area);
    const rows = text.split("\n");
    const isAlready = (row) => {
      const found = ITEM.exec(row);
      return found && Boolean(found[3]) === isNumbered;
    };
    const written = rows.filter((row) => row.trim());
    const takesOff = written.length > 0 && written.every(isAlready);
    let number = 0;
    const changed = rows.map((row) => {
      if (!row.trim() && rows.length > 1) {
        return row;
      }
      const words = row.replace(ITEM, "").trimStart();
      if (takesOff) {
        return words;
      }
      number += 1;
      return isNumbered ? `${number}. ${words}` : `- ${words}`;
    });
    const wanted = changed.join("\n");
    replace(area, start, end, wanted);
    const isEmpty = rows.length === 1 && !rows[0].trim();
    area.setSelectionRange(isEmpty ? start + wanted.length : start, start + wanted.length);
  };

  // Enter in an item begins the next one; in an empty item it ends the list.
  const goOn = (event, area) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
      return;
    }
    if (area.selectionStart !== area.selectionEnd) {
      return;
    }
    const caret = area.selectionStart;
    const start = area.value.lastIndexOf("\n", caret - 1) + 1;
    const after = area.value.indexOf("\n", caret);
    const line = area.value.slice(start, after < 0 ? area.value.length : after);
    const found = ITEM.exec(line) ?? /^(\s*)(?:([-–•·])|([1-9][0-9]{0,2})([.)]))\s*$/.exec(line);
    if (!found || caret < start + found[0].trimEnd().length) {
      return;
    }
    event.preventDefault();
    if (!line.slice(found[0].length).trim()) {
      replace(area, start, start + line.length, "");
      return;
    }
    const mark = found[3] ? `${Number(found[3]) + 1}${found[4]}` : found[2];
    replace(area, caret, caret, `\n${found[1]}${mark} `);
  };

  /* --- Paste -------------------------------------------------------------------------------------------------- */

  const BLOCKS = new Set(
    "ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DIV DL DT FIGURE FOOTER H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN NAV OL P PRE SECTION TABLE TBODY TD TFOOT TH THEAD TR UL".split(" "),
  );
  const DROPPED = new Set("SCRIPT STYLE TEMPLATE HEAD TITLE META LINK OBJECT IFRAME SVG IMG NOSCRIPT".split(" "));

  /* The text of pasted HTML with its marks: bold, lists, paragraphs and line breaks; everything else is dropped.
     Word writes its lists as paragraphs with `mso-list` in their style, and their marker in a span of its own. */
  const toMarks = (html) => {
    // The page's strict policy complains of inline styles and handlers even in a document that never runs: styles
    // are read under another name, the rest goes before it is parsed.
    const inert = html
      .replace(/<!--[^]*?-->/g, "")
      .replace(/<(style|script|svg|object|iframe|img|link|meta)\b[^]*?>(?:[^]*?<\/\1\s*>)?/gi, (found, name) =>
        /^(img|link|meta)$/i.test(name) ? found.slice(found.indexOf(">") + 1) : "",
      )
      .replace(/<[a-z][^<>]*>/gi, (tag) =>
        tag.replace(/\sstyle\s*=/gi, " data-style=").replace(/\s(on[a-z]+|src|srcset|href|background)\s*=/gi, " data-none="),
      );
    const parsed = new DOMParser().parseFromString(inert, "text/html");
    const out = [];
    let runs = [];
    let prefix = "";

    const endLine = (gap) => {
      const text = lineOf(runs);
      if (text.trim()) {
        out.push({ text: prefix + text.trim(), gap, isItem: prefix !== "" });
        prefix = "";
      } else if (gap === "block" && out.length > 0 && runs.length === 0) {
        // The end of what held the last line, a table or a list.
        out.at(-1).gap = "block";
      }
      runs = [];
    };

    const styleOf = (node) => (node.getAttribute("data-style") ?? "").toLowerCase();

    const walk = (node, isStrong, depth) => {
      if (depth > 200) {
        runs.push({ text: node.textContent, isStrong });
        return;
      }
      if (node.nodeType === Node.TEXT_NODE) {
        runs.push({ text: node.data.replace(/[ \t\r\n]+/g, " "), isStrong });
        return;
      }
      if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName.toUpperCase())) {
        return;
      }
      const name = node.tagName.toUpperCase();
      const style = styleOf(node);
      if (style.includes("mso-list:ignore") || style.includes("mso-list: ignore")) {
        return;
      }
      if (name === "BR") {
        const isInItem = prefix !== "" || node.closest("li") !== null;
        endLine("line");
        if (isInItem) {
          prefix = "  ";
        }
        return;
      }
      const weight = /(?:^|;)\s*font-weight\s*:\s*([a-z]+|[0-9]+)/.exec(style)?.[1];
      let strong = isStrong || /^(B|STRONG|H[1-6]|TH)$/.test(name);
      if (weight) {
        strong = weight === "bold" || weight === "bolder" || Number(weight) >= 600;
      }
      if (!BLOCKS.has(name)) {
        for (const child of node.childNodes) {
          walk(child, strong, depth + 1);
        }
        return;
      }
      const isInItem = node.parentElement?.tagName === "LI" && runs.length === 0 && prefix !== "";
      if (!isInItem) {
        endLine("block");
      }
      if (name === "LI") {
        const parent = node.parentElement;
        if (parent?.tagName === "OL") {
          const items = [...parent.children].filter((each) => each.tagName === "LI");
          prefix = `${(Number(parent.getAttribute("start")) || 1) + items.indexOf(node)}. `;
        } else {
          prefix = "- ";
        }
      } else if (/mso-list\s*:\s*[a-z]*l[0-9]/.test(style)) {
        const marker = [...node.querySelectorAll("[data-style]")].find((each) => /mso-list\s*:\s*ignore/.test(styleOf(each)));
        const number = /^[\s(]*([1-9][0-9]{0,2})[.)]/.exec(marker?.textContent ?? "")?.[1];
        prefix = number ? `${number}. ` : "- ";
      }
      for (const child of node.childNodes) {
        walk(child, strong, depth + 1);
      }
      if (name === "TD" || name === "TH") {
        runs.push({ text: " ", isStrong: false });
      }
      endLine(name === "TR" || name === "DIV" ? "line" : "block");
      if (name === "LI") {
        prefix = "";
      }
    };

    // The cells of a row stand on one line.
    for (const cell of parsed.querySelectorAll("td, th")) {
      const inline = parsed.createElement("span");
      inline.append(...cell.childNodes, parsed.createTextNode(" "));
      for (const inner of inline.querySelectorAll("p, div")) {
        inner.replaceWith(...inner.childNodes, parsed.createTextNode(" "));
      }
      cell.replaceWith(inline);
    }
    walk(parsed.body, false, 0);
    endLine("block");
    return out
      .map((line, index) => {
        const next = out[index + 1];
        if (!next) {
          return line.text;
        }
        return line.text + ((line.isItem && next.isItem) || line.gap === "line" ? "\n" : "\n\n");
      })
      .join("");
  };

  // Neighbours of one weight are one run; the spaces at the ends of a bold run stand outside of its asterisks.
  const lineOf = (runs) => {
    const merged = [];
    for (const run of runs) {
      const last = merged.at(-1);
      if (last && (last.isStrong === run.isStrong || !run.text.trim())) {
        last.text += run.text;
      } else {
        merged.push({ ...run });
      }
    }
    return merged
      .map(({ text, isStrong }) => {
        if (!isStrong || !text.trim()) {
          return text;
        }
        const [, before, words, after] = /^(\s*)([^]*?)(\s*)$/.exec(text.replaceAll("**", ""));
        return `${before}**${words}**${after}`;
      })
      .join("")
      .replace(/ {2,}/g, " ");
  };

  const paste = (event, area) => {
    const html = event.clipboardData?.getData("text/html");
    if (!html) {
      return;
    }
    const text = toMarks(html);
    if (!text) {
      return;
    }
    event.preventDefault();
    replace(area, area.selectionStart, area.selectionEnd, text);
  };

  /* --- Toolbar ------------------------------------------------------------------------------------------------ */

  const button = (text, title) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "fr-btn fr-btn--sm fr-btn--tertiary";
    made.textContent = text;
    made.title = title;
    return made;
  };

  const equip = (area) => {
    const label = area.labels?.[0];
    if (label) {
      label.id ||= `${area.id}-label`;
    }
    const bar = document.createElement("div");
    bar.className = "cdppe-rich-text__toolbar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Mise en forme du texte");
    if (label) {
      bar.setAttribute("aria-describedby", label.id);
    }
    bar.setAttribute("aria-controls", area.id);
    const gestures = [
      [button("Gras", "Gras (Ctrl+B)"), () => bold(area)],
      [button("Liste à puces", "Liste à puces"), () => list(area, false)],
      [button("Liste numérotée", "Liste numérotée"), () => list(area, true)],
    ];
    const preview = button("Aperçu", "Voir le texte mis en forme");
    preview.setAttribute("aria-pressed", "false");
    const shown = document.createElement("div");
    shown.className = "cdppe-rich-text__preview";
    shown.id = `${area.id}-preview`;
    shown.hidden = true;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", "Aperçu du texte");
    shown.setAttribute("aria-live", "polite");
    shown.tabIndex = 0;
    const buttons = [...gestures.map(([each]) => each), preview];
    for (const [each, gesture] of gestures) {
      each.addEventListener("click", gesture);
    }
    bar.append(...buttons);

    // A toolbar is one stop of the tab key; the arrows go from button to button.
    buttons.forEach((each, index) => (each.tabIndex = index ? -1 : 0));
    bar.addEventListener("keydown", (event) => {
      const usable = buttons.filter((each) => !each.disabled);
      const at = usable.indexOf(document.activeElement);
      const targets = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1 + usable.length,
        Home: 0,
        End: usable.length - 1,
      };
      if (at < 0 || !(event.key in targets)) {
        return;
      }
      event.preventDefault();
      const next = usable[targets[event.key] % usable.length];
      buttons.forEach((each) => (each.tabIndex = each === next ? 0 : -1));
      next.focus();
    });

    const showPreview = async (isShown) => {
      preview.setAttribute("aria-pressed", String(isShown));
      for (const [each] of gestures) {
        each.disabled = isShown;
      }
      area.hidden = isShown;
      shown.hidden = !isShown;
      buttons.forEach((each) => (each.tabIndex = each === preview || (!isShown && each === buttons[0]) ? 0 : -1));
      if (!isShown) {
        buttons.forEach((each, index) => (each.tabIndex = index === buttons.length - 1 ? 0 : -1));
        return;
      }
      shown.textContent = "Chargement…";
      try {
        const body = new FormData();
        body.append("text", area.value);
        body.append("csrfmiddlewaretoken", document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "");
        const answer = await fetch(area.dataset.richText, { method: "POST", body });
        if (answer.redirected || !(answer.ok || answer.status === 422)) {
          throw new Error(String(answer.status));
        }
        // Our own page part, in which the server escaped the text.
        shown.innerHTML = await answer.text();
      } catch {
        shown.textContent = "L’aperçu n’a pas pu être affiché : vérifiez votre connexion. Votre texte est intact.";
      }
    };
    preview.addEventListener("click", () => showPreview(shown.hidden));

    area.before(bar);
    area.after(shown);
    area.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "b") {
        event.preventDefault();
        bold(area);
      } else if (event.key === "Enter") {
        goOn(event, area);
      }
    });
    area.addEventListener("paste", (event) => paste(event, area));
  };

  const equipAll = (root) => {
    for (const area of root.querySelectorAll("textarea[data-rich-text]")) {
      if (!area.dataset.richTextReady) {
        area.dataset.richTextReady = "yes";
        equip(area);
      }
    }
  };
  equipAll(document);
  // A part of the page that htmx replaced.
  document.addEventListener("htmx:load", (event) => equipAll(event.detail.elt));
})();
