/* Hands on the inbox: clicks, forms, dialogs, evidence, countdowns and keys. */
(() => {
  "use strict";
  const { inbox, composer, onKeys, post } = window.leadsite;
  const $ = (id) => document.getElementById(id);
  const root = $("ib");

  // --- clicks -------------------------------------------------------------------
  const CLICKS = {
    "[data-tab]": (item) => inbox.show(item.dataset.tab),
    "#ib-list .ib-row__link": (item) => inbox.open(item.href),
    "[data-back]": () => inbox.close(),
    "[data-more]": (item) => inbox.more(item),
    "[data-earlier]": (item) => inbox.earlier(item),
    "#ib-down": (item) => { item.hidden = true; inbox.toBottom(); },
    "button[data-post]": (item) => press(item),
    "[data-why]": (item) => why(item.dataset.why),
    "[data-panel-toggle]": () => togglePanel(),
    "[data-fact-edit]": (item) => editFact(item.closest("li"), true),
    "[data-fact-cancel]": (item) => editFact(item.closest("li"), false),
    "[data-dialog]": (item) => openDialog(item.dataset.dialog),
    "[data-close]": (item) => item.closest("dialog").close(),
    "[data-clear-filters]": () => clear(["channel", "owner", "unread", "hot"]),
    "[data-clear-search]": () => clear(["q", "channel", "owner", "unread", "hot"]),
    "[data-message]": (item) => goTo(item.dataset.message),
  };
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const [selector, act] of Object.entries(CLICKS)) {
      const item = event.target.closest(selector);
      if (!item) continue;
      event.preventDefault();
      act(item);
      return;
    }
    const filter = root.querySelector(".ib-filter[open]");
    if (filter && !filter.contains(event.target)) filter.open = false;
  });

  async function press(button) {
    if (button.disabled) return;
    button.disabled = true;
    await post(button.dataset.post);
    button.disabled = false;
  }

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

  function editFact(row, on) {
    const form = row.querySelector("form");
    form.hidden = !on;
    if (on) form.dataset.editing = "1";
    else delete form.dataset.editing;
    (on ? form.querySelector("input") : row.querySelector("[data-fact-edit]")).focus();
    if (on) form.querySelector("input").select();
  }

  // --- forms --------------------------------------------------------------------
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id === "ib-search") {
      event.preventDefault();
      form.querySelector("details").open = false;
      inbox.search();
    }
    if (!form.matches("form[data-post]")) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const buttons = [...form.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    delete form.dataset.editing;
    const place = form.querySelector("[data-error]");
    const answer = await post(form.action, body, { quiet: Boolean(place) });
    for (const button of buttons) button.disabled = false;
    if (place) {
      place.hidden = !answer.error;
      place.textContent = answer.error ?? "";
    }
    if (answer.error) return;
    form.closest("dialog")?.close();
    if (form.closest("dialog")) form.reset();
    if (form.contains(document.activeElement)) document.activeElement.blur();
    inbox.refreshAll();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit-on-change]")) {
      field.form.requestSubmit();
      field.blur();
    }
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

  // --- dialogs ------------------------------------------------------------------
  function openDialog(id) {
    const dialog = $(id);
    if (!dialog || (id === "ib-call" && !inbox.opened())) return;
    if (id === "ib-call") dialog.querySelector("form").action = $("ib-thread").dataset.call;
    for (const place of dialog.querySelectorAll("[data-error]")) place.hidden = true;
    dialog.showModal();
  }

  async function why(url) {
    const response = await inbox.ask(url);
    if (!response.ok) return;
    $("ib-why").innerHTML = await response.text();
    $("ib-why").showModal();
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  // --- evidence -----------------------------------------------------------------
  const tip = document.createElement("div");
  tip.className = "ib-tip";
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  document.body.append(tip);

  function light(id, on) {
    $(id)?.querySelector(".ls-bubble")?.classList.toggle("ls-lit", on);
  }

  function point(event, on) {
    const item = event.target.closest?.("[data-says]");
    if (!item) return;
    if (item.dataset.message) light(item.dataset.message, on);
    tip.hidden = !on;
    if (!on) return;
    tip.textContent = item.dataset.says;
    const box = item.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.top = `${above > 8 ? above : box.bottom + 6}px`;
  }
  for (const [name, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => point(event, on));
  }

  function goTo(id) {
    const item = $(id);
    if (!item) return;
    if (root.dataset.panel === "open") togglePanel();
    item.scrollIntoView({ block: "center" });
    light(id, true);
    setTimeout(() => light(id, false), 2500);
  }

  // --- countdowns ---------------------------------------------------------------
  const ends = new WeakMap();
  function tick() {
    for (const mark of document.querySelectorAll("[data-countdown]")) {
      const given = ends.get(mark);
      if (given?.seconds !== mark.dataset.countdown) {
        ends.set(mark, { seconds: mark.dataset.countdown, at: Date.now() + 1000 * mark.dataset.countdown });
      }
      const left = Math.max(0, Math.round((ends.get(mark).at - Date.now()) / 1000));
      const words = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (mark.textContent !== words) mark.textContent = words;
    }
  }
  tick();
  setInterval(tick, 250);

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
})();
