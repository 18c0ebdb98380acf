/* Numbers as people type them, read in the page by the rules of the server (cdppe/lib/french_numbers.py,
   cdppe/lib/money.py, indicators/figures.py), with the same sentences. The server stays the judge: this only tells
   sooner. tests/typed_numbers.json is run in both. */
"use strict";

globalThis.cdppeNumbers = (() => {
  const LONGEST_TEXT = 40;
  const LONGEST_SHOWN = 40;
  const MOST_DIGITS = 12;
  const DECIMALS = 2;

  // What Python's str.strip() removes, which is not quite what trim() does.
  const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  const EDGES = new RegExp(`^${BLANK}+|${BLANK}+$`, "gu");
  const SPACES = /[ \u00a0\u202f\u2009]/gu;
  const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
  const NEGATIVE = /^[-\u2212\u2013] ?[0-9.,]/u;
  const PLAIN = /^[0-9]+(?:[.,][0-9]+)?$/u;
  const GROUPED = /^[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?$/u;
  const UNAVAILABLE = new Set(["nd", "n.d.", "n.d", "n/d", "non disponible"]);

  const strip = (text) => text.replace(EDGES, "");
  const withPlainSpaces = (text) => strip(strip(text).replace(SPACES, " "));
  const visiblePart = (text) => text.replace(INVISIBLE, "");
  const withoutSuffix = (text, suffix) => (suffix && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
  const isFormula = (text) => /^[=@]/u.test(withPlainSpaces(text));
  const isNegative = (text) => NEGATIVE.test(withPlainSpaces(text));
  const shortened = (text) => {
    const characters = [...text];
    return characters.length <= LONGEST_SHOWN ? text : `${characters.slice(0, LONGEST_SHOWN).join("")}…`;
  };

  /* The number that `text` states, its digits before and after the decimal mark; null for anything else. */
  const readFrench = (text) => {
    const plain = withPlainSpaces(text);
    if (!PLAIN.test(plain) && !GROUPED.test(plain)) {
      return null;
    }
    const [whole, decimals = ""] = plain.replace(/ /gu, "").replace(",", ".").split(".");
    return { whole: whole.replace(/^0+(?=[0-9])/u, ""), decimals };
  };

  const isTooLarge = ({ whole, decimals }) =>
    whole.length > MOST_DIGITS ||
    (whole === "9".repeat(MOST_DIGITS) &&
      decimals.slice(0, DECIMALS) === "9".repeat(DECIMALS) &&
      /[1-9]/u.test(decimals.slice(DECIMALS)));

  const written = ({ whole, decimals }) => {
    const kept = decimals.replace(/0+$/u, "");
    return kept ? `${whole}.${kept}` : whole;
  };

  const isUnavailable = (text) =>
    UNAVAILABLE.has(withPlainSpaces(text).toLowerCase().replace(/ſ/gu, "s"));

  /* `{ value, problem }` of a figure of the tableau de bord: no value for a blank, a sentence for what is none. */
  const readFigure = (text, sign = "") => {
    const typed = withPlainSpaces(text);
    const refused = (problem) => ({ value: null, problem });
    if (!typed) {
      return { value: null, problem: "" };
    }
    const visible = visiblePart(typed);
    const characters = [...visible];
    if (characters.length > LONGEST_TEXT) {
      const start = characters.slice(0, LONGEST_TEXT).join("");
      return refused(`« ${start}… » est trop long : un nombre compte douze chiffres au plus.`);
    }
    if (visible !== typed) {
      return refused(
        `« ${visible} » n’est pas un nombre : un caractère invisible s’y trouve, tapez-le de nouveau.`,
      );
    }
    if (isFormula(typed)) {
      return refused(`« ${typed} » est une formule : écrivez le nombre qu’elle donne.`);
    }
    if (isNegative(typed)) {
      return refused(`« ${typed} » est négatif : écrivez un nombre à partir de zéro.`);
    }
    const number = readFrench(withoutSuffix(typed, sign));
    if (number === null) {
      return refused(
        `« ${typed} » n’est pas un nombre : écrivez par exemple 1 234 ou 12,5, ou « nd » si la valeur ` +
          "n’est pas disponible.",
      );
    }
    if (isTooLarge(number)) {
      return refused(
        `« ${typed} » est trop grand : un nombre compte douze chiffres au plus avant la virgule.`,
      );
    }
    if (/[1-9]/u.test(number.decimals.slice(DECIMALS))) {
      return refused(`« ${typed} » est trop précis : deux décimales au plus.`);
    }
    return { value: written(number), problem: "" };
  };

  /* `{ value, problem }` of an amount in euros. */
  const readAmount = (text) => {
    const typed = strip(text);
    const refused = (problem) => ({ value: null, problem });
    if (!typed) {
      return { value: null, problem: "" };
    }
    const stated = withoutSuffix(typed, "€");
    const visible = visiblePart(typed);
    if (visible !== typed) {
      return refused(
        `« ${shortened(visible)} » n’est pas un montant : un caractère invisible s’y trouve, ` +
          "tapez-le de nouveau.",
      );
    }
    if (isFormula(typed)) {
      return refused(`« ${shortened(typed)} » est une formule : écrivez le montant qu’elle donne.`);
    }
    if (isNegative(stated)) {
      return refused(
        `« ${shortened(typed)} » est négatif : un montant ne peut pas être inférieur à zéro.`,
      );
    }
    const amount = readFrench(stated);
    if (amount === null || amount.decimals.length > DECIMALS) {
      return refused(
        `« ${shortened(typed)} » n’est pas un montant : écrivez un nombre en euros, ` +
          "avec deux décimales au plus, par exemple 1 234,56.",
      );
    }
    if (isTooLarge(amount)) {
      return refused(
        `« ${shortened(typed)} » est trop grand : ` +
          "un montant compte douze chiffres au plus avant la virgule.",
      );
    }
    return { value: written(amount), problem: "" };
  };

  return { isUnavailable, oneLine: (text) => strip(text.replace(new RegExp(`${BLANK}+`, "gu"), " ")), readAmount, readFigure };
})();
