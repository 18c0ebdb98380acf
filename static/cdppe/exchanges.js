/* Mentions: « @ » in a message opens the names of those who see the contract, taken from the list that stands
   below it. Without this script one writes the name, or chooses it in that list. */
"use strict";

(() => {
  const LONGEST = 8;
  const text = document.querySelector("textarea[data-mentions]");
  const list = document.querySelector("[data-mentions-list]");
  const status = document.querySelector("[data-mentions-status]");
  const choice = text && document.getElementById(text.dataset.mentions);
  if (!text || !list || !choice) {
    return;
  }

  const plain = (words) =>
    words
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(/[’‘]/g, "'")
      .toLowerCase();
  const people = [...choice.querySelectorAll("option")]
    .filter((option) => option.value)
    .map((option) => ({
      // Two people of one name stand in the list with their addresses: those name them.
      name: option.text.includes(" – ") ? option.text.split(" – ").pop() : option.text,
      label: option.text,
      where: option.parentElement.label ?? "",
      words: plain(`${option.text} ${option.parentElement.label ?? ""}`),
    }));

  list.id = "mentions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Personnes à prévenir");
  text.setAttribute("aria-controls", list.id);
  text.setAttribute("aria-autocomplete", "list");

  let offered = [];
  let chosen = 0;
  let start = -1;

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    offered = [];
    text.removeAttribute("aria-activedescendant");
    status.textContent = "";
  };

  const select = (rank) => {
    chosen = (rank + offered.length) % offered.length;
    [...list.children].forEach((line, each) => {
      line.setAttribute("aria-selected", String(each === chosen));
    });
    list.children[chosen].scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", list.children[chosen].id);
  };

  const insert = (person) => {
    text.setRangeText(`@${person.name} `, start, text.selectionStart, "end");
    close();
    text.focus();
    // As typing does: the copy kept on this computer follows.
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const offer = (found) => {
    offered = found;
    list.replaceChildren(
      ...found.map((person, rank) => {
        const line = document.createElement("div");
        line.id = `mention-${rank}`;
        line.className = "cdppe-mentions__choice";
        line.setAttribute("role", "option");
        line.textContent = person.label;
        const where = document.createElement("span");
        where.className = "cdppe-mentions__where";
        where.textContent = person.where;
        line.append(where);
        line.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          insert(person);
        });
        return line;
      }),
    );
    list.hidden = false;
    status.textContent =
      found.length === 1
        ? "1 personne proposée : flèches pour choisir, Entrée pour la prévenir."
        : `${found.length} personnes proposées : flèches pour choisir, Entrée pour en prévenir une.`;
    select(0);
  };

  text.addEventListener("input", () => {
    const before = text.value.slice(0, text.selectionStart);
    const typed = /(?:^|[^\p{L}\p{N}_.@+-])@([\p{L}\p{N}.'’\- ]{0,40})$/u.exec(before);
    if (!typed) {
      close();
      return;
    }
    start = before.length - typed[1].length - 1;
    const wanted = plain(typed[1]).trim();
    const isWhole = people.some((person) => typed[1].endsWith(" ") && plain(person.name) === wanted);
    const found = people
      .filter((person) => wanted.split(/\s+/).every((word) => person.words.includes(word)))
      .slice(0, LONGEST);
    if (isWhole || !found.length) {
      close();
    } else {
      offer(found);
    }
  });

  text.addEventListener("keydown", (event) => {
    if (!offered.length) {
      return;
    }
    if (event.key === "ArrowDown") {
      select(chosen + 1);
    } else if (event.key === "ArrowUp") {
      select(chosen - 1);
    } else if (event.key === "Enter") {
      insert(offered[chosen]);
    } else if (event.key === "Escape") {
      close();
    } else {
      return;
    }
    event.preventDefault();
  });

  text.addEventListener("blur", close);
})();
