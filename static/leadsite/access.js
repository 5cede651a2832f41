/* Unfold for the keyboard and the screen reader: what its markup leaves out. */
(() => {
  "use strict";
  const NAMES = {
    close: "Close the menu",
    more_horiz: "More actions",
    more_vert: "More",
    search: "Search",
    add: "Add",
    edit: "Edit",
    delete: "Delete",
    visibility: "View",
    arrow_back: "Back",
    unfold_more: "Account",
  };
  const PRESSED_BY_MOUSE =
    "div[x-on\\:click], span[x-on\\:click], a[x-on\\:click]:not([href])";
  const FIELDS =
    "td input:not([type=hidden], [aria-label], [type=submit]), td select:not([aria-label]), td textarea:not([aria-label])";

  /** The words of an element without its icons' names. */
  function words(item) {
    const copy = item.cloneNode(true);
    for (const icon of copy.querySelectorAll(".material-symbols-outlined")) icon.remove();
    return copy.textContent.trim();
  }

  /** Name a control after its icon when it has no words. */
  function name(item) {
    if (item.hasAttribute("aria-label") || item.title || words(item)) return;
    const pictures = [...item.querySelectorAll("img[alt]")].some((img) => img.alt);
    const icon = item.matches(".material-symbols-outlined")
      ? item : item.querySelector(".material-symbols-outlined");
    if (pictures || !icon) return;
    const key = icon.textContent.trim();
    item.setAttribute("aria-label", NAMES[key] || key.replaceAll("_", " "));
  }

  function pressable(root) {
    for (const item of root.querySelectorAll(PRESSED_BY_MOUSE)) {
      if (item.hasAttribute("tabindex") || item.querySelector("a, button, input, select")) continue;
      item.tabIndex = 0;
      item.setAttribute("role", "button");
      name(item);
      item.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        item.click();
      });
    }
    for (const item of root.querySelectorAll("a[href], button")) name(item);
    for (const tip of root.querySelectorAll(".help-tooltip[aria-label]:not([role])")) {
      tip.setAttribute("role", "img");
    }
    for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden], [role])")) {
      icon.setAttribute("aria-hidden", "true");
    }
  }

  /** A field in a table is named by its column and, where there is one, its row. */
  function labelled(root) {
    for (const field of root.querySelectorAll(FIELDS)) {
      if (field.labels && field.labels.length) continue;
      const cell = field.closest("td");
      const table = field.closest("table");
      const head = table?.querySelectorAll("thead th")[cell.cellIndex];
      const column = cell.dataset.label || (head ? words(head) : "") || field.name;
      const row = field.closest("tr")?.querySelector("th")?.textContent.trim() || "";
      field.setAttribute("aria-label", row ? `${column}, ${row}` : column);
      field.removeAttribute("title");
    }
  }

  function landmarks() {
    document.getElementById("nav-sidebar-inner")?.setAttribute("aria-label", "Menu");
    for (const item of document.querySelectorAll("#nav-sidebar-apps a.active")) {
      item.setAttribute("aria-current", "page");
    }
    const path = location.pathname;
    for (const nav of document.querySelectorAll("nav:not([aria-label], [aria-labelledby])")) {
      nav.setAttribute("aria-label", nav.closest("#nav-sidebar") ? "Account" : `Pages of ${path}`);
    }
  }

  function mend(root) {
    pressable(root);
    labelled(root);
  }

  window.addEventListener("load", () => {
    landmarks();
    // Django's own scripts build their boxes in later load handlers.
    setTimeout(() => mend(document), 0);
    document.body.addEventListener("htmx:afterSwap", (event) => mend(event.target));
  });
})();
