/* Hands on the inbox: its own clicks, forms and keys. */
(() => {
  "use strict";
  const { inbox, composer, onKeys, page, post } = window.leadsite;
  const { $ } = page;
  const root = $("ib");

  // --- clicks -------------------------------------------------------------------
  const FILTERS = ["channel", "owner", "unread", "hot"];
  page.onClicks({
    "[data-tab]": (item) => inbox.show(item.dataset.tab),
    "#ib-list .ib-row__link": (item) => { inbox.open(item.href); },
    "[data-back]": () => inbox.close(),
    "[data-more]": (item) => { inbox.more(item); },
    "[data-earlier]": (item) => { inbox.earlier(item); },
    "#ib-down": (item) => { item.hidden = true; inbox.toBottom(); },
    "[data-panel-toggle]": () => togglePanel(),
    '[data-dialog="ib-call"]': () => about("ib-call", "call"),
    '[data-dialog="ib-meeting"]': () => about("ib-meeting", "meeting"),
    "[data-clear-filters]": () => clear(FILTERS),
    "[data-clear-search]": () => clear(["q", ...FILTERS]),
    ...page.clicks(post),
  }, ".ib-filter");

  function clear(names) {
    for (const name of names) {
      const field = $("ib-search").elements[name];
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
    inbox.search();
  }

  function togglePanel() {
    const shown = root.dataset.panel !== "open";
    if (shown) root.dataset.panel = "open";
    else delete root.dataset.panel;
    const button = root.querySelector(".ib-panel-button");
    button?.setAttribute("aria-expanded", String(shown));
    (shown ? root.querySelector(".ib-panel-close") : button)?.focus();
  }

  // A dialog that posts about the open conversation, to the address it names.
  function about(dialog, address) {
    if (!inbox.opened()) return;
    $(dialog).querySelector("form").action = $("ib-thread").dataset[address];
    page.openDialog(dialog);
  }

  // --- forms --------------------------------------------------------------------
  page.onForms(post, inbox.refreshAll);
  $("ib-search").addEventListener("submit", (event) => {
    event.preventDefault();
    event.target.querySelector("details").open = false;
    inbox.search();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name === "consent_basis") {
      field.form.querySelector("[data-wording]").hidden = !field.value;
    }
    if (field.name === "kind") {
      for (const part of field.form.querySelectorAll("[data-only]")) {
        part.hidden = part.dataset.only !== field.value;
      }
    }
  });
  let typed = null;
  $("ib-q").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(inbox.search, 250);
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-count]")) return;
    const sms = event.target.form.elements.kind.value === "sms";
    const words = event.target.form.querySelector("[data-count-words]");
    words.textContent = sms ? composer.countWords(event.target.value, 0) : "";
  });

  // --- keys ---------------------------------------------------------------------
  function step(by) {
    const links = [...document.querySelectorAll("#ib-list .ib-row__link")];
    if (!links.length) return;
    const now = links.findIndex((link) => link === document.activeElement);
    const from = now >= 0 ? now : links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = links[Math.max(0, Math.min(links.length - 1, from + by))];
    if (root.dataset.pane !== "list" && matchMedia("(max-width: 767px)").matches) return;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  const pressed = (key) => () => {
    const button = document.querySelector(`#ib-thread [data-key="${key}"]:not(:disabled)`);
    if (!button) return false;
    button.click();
    return true;
  };

  onKeys({
    j: () => step(1),
    k: () => step(-1),
    r: () => composer.focus("reply"),
    n: () => composer.focus("note"),
    "/": () => { $("ib-q").focus(); $("ib-q").select(); },
    h: pressed("h"),
    a: pressed("a"),
    e: pressed("e"),
    x: pressed("x"),
    g: pressed("g"),
    c: pressed("c"),
    d: pressed("d"),
    s: pressed("s"),
    i: () => {
      const marks = document.querySelectorAll("#ib-thread .ib-why");
      if (!marks.length) return false;
      marks[marks.length - 1].click();
      return true;
    },
  });
  $("ib-q").addEventListener("keydown", (event) => { if (event.key === "Escape") event.target.blur(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.dataset.panel === "open") togglePanel();
  });
  // A message that is gone to lies under the panel on a small screen.
  document.addEventListener("leadsite:goto", () => {
    if (root.dataset.panel === "open") togglePanel();
  });
})();
