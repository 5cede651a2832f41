/* Acts of the lead page and the review queue: posts, dialogs, evidence, keys.
   After every post the document hears leadsite:changed; the page fetches anew. */
(() => {
  "use strict";
  const { toast, onKeys } = window.leadsite;
  const $ = (id) => document.getElementById(id);
  const csrf = () => JSON.parse($("page").getAttribute("hx-headers"))["X-CSRFToken"];

  // --- asking the server --------------------------------------------------------
  async function ask(url, options = {}) {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href, ...options.headers };
    const response = await fetch(url, { credentials: "same-origin", ...options, headers });
    if (response.status === 401) {
      location.assign(response.headers.get("HX-Redirect") || location.href);
      throw new Error("signed out");
    }
    return response;
  }

  function refusal(status) {
    if (status === 403) return "Your role may read here, not write.";
    if (status === 404) return "This is no longer there.";
    return "That did not work. Nothing was changed; try again.";
  }

  /** POST one act. Answers {error} or what the server says; shows the toast. */
  async function post(url, body = null, { quiet = false } = {}) {
    let answer;
    try {
      const response = await ask(url, { method: "POST", body, headers: { "X-CSRFToken": csrf() } });
      answer = await response.json().catch(() => ({}));
      if (!response.ok && !answer.error) answer.error = refusal(response.status);
    } catch {
      answer = { error: "No connection. Nothing was changed." };
    }
    if (answer.error) {
      if (!quiet) toast(answer.error);
    } else if (answer.toast) {
      toast(answer.toast, { undo: answer.undo ? () => post(answer.undo) : null, seconds: 5 });
    }
    if (answer.open && !answer.error) location.assign(answer.open);
    else document.dispatchEvent(new CustomEvent("leadsite:changed", { detail: answer }));
    return answer;
  }

  /** Run one at a time; asked again meanwhile, run once more after. */
  function single(work) {
    let running = false;
    let again = false;
    return async function run() {
      if (running) { again = true; return; }
      running = true;
      try { await work(); } catch { /* no connection: the next poll asks again */ } finally { running = false; }
      if (again) { again = false; run(); }
    };
  }

  async function press(button) {
    if (button.disabled) return;
    button.disabled = true;
    await post(button.dataset.post);
    button.disabled = false;
  }

  // --- clicks -------------------------------------------------------------------
  const CLICKS = {
    "button[data-post]": press,
    "[data-why]": (item) => why(item.dataset.why),
    "[data-dialog]": (item) => open(item.dataset.dialog),
    "[data-close]": (item) => item.closest("dialog").close(),
    "[data-fact-edit]": (item) => editFact(item.closest("li"), true),
    "[data-fact-cancel]": (item) => editFact(item.closest("li"), false),
    "[data-message]": (item) => goTo(item.dataset.message),
  };
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const menu of document.querySelectorAll(".ld-dots[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    for (const [selector, act] of Object.entries(CLICKS)) {
      const item = event.target.closest(selector);
      if (!item) continue;
      if (act(item) !== false) event.preventDefault();
      return;
    }
  });

  function open(id) {
    const dialog = $(id);
    if (!dialog) return;
    for (const place of dialog.querySelectorAll("[data-error]")) place.hidden = true;
    dialog.showModal();
  }

  async function why(url) {
    const response = await ask(url);
    if (!response.ok) return;
    $("ib-why").innerHTML = await response.text();
    $("ib-why").showModal();
  }
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
  });

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
    if (!form.matches("form[data-post]")) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    const buttons = [...form.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    const editing = form.dataset.editing;
    delete form.dataset.editing;
    const place = form.querySelector("[data-error]");
    const answer = await post(form.action, body, { quiet: Boolean(place) });
    for (const button of buttons) button.disabled = false;
    if (place) {
      place.hidden = !answer.error;
      place.textContent = answer.error ?? "";
    }
    if (answer.error) {
      if (editing) form.dataset.editing = editing;
      else if (!place) form.reset();
      return;
    }
    const dialog = form.closest("dialog");
    if (dialog) { dialog.close(); form.reset(); }
    if (form.contains(document.activeElement)) document.activeElement.blur();
    document.dispatchEvent(new CustomEvent("leadsite:changed", { detail: {} }));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-submit-on-change]")) return;
    event.target.form.requestSubmit();
    event.target.blur();
  });

  // --- evidence -----------------------------------------------------------------
  const tip = document.createElement("div");
  tip.className = "ib-tip";
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  document.body.append(tip);

  const light = (id, on) => $(id)?.querySelector(".ls-bubble")?.classList.toggle("ls-lit", on);

  function point(event, on) {
    const item = event.target.closest?.("[data-says], [data-message]");
    if (!item) return;
    if (item.dataset.message) light(item.dataset.message, on);
    tip.hidden = !on || !item.dataset.says;
    if (tip.hidden) return;
    tip.textContent = item.dataset.says;
    const box = item.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.top = `${above > 8 ? above : box.bottom + 6}px`;
  }
  for (const [name, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => point(event, on));
  }

  /** Show a message that is on the page; false lets the link lead to it. */
  function goTo(id) {
    const item = $(id);
    if (!item) return false;
    document.dispatchEvent(new CustomEvent("leadsite:goto", { detail: { id } }));
    item.scrollIntoView({ block: "center" });
    tip.hidden = true;
    // After the pointer has left the link: leaving puts the light out.
    setTimeout(() => light(id, true), 80);
    setTimeout(() => light(id, false), 2600);
    return true;
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
  setInterval(tick, 500);

  // --- keys ---------------------------------------------------------------------
  const pressed = (key) => () => {
    const shown = [...document.querySelectorAll(`[data-key="${key}"]`)];
    const button = shown.find((one) => !one.disabled && one.closest("details:not([open])") === null);
    const folded = button ?? shown.find((one) => !one.disabled);
    if (!folded) return false;
    folded.click();
    return true;
  };
  onKeys(Object.fromEntries([..."rnhaexgcdi"].map((key) => [key, pressed(key)])));

  window.leadsite.acts = { ask, post, single, goTo, refusal };
})();
