/* What inbox, lead page, review queue and simulator share: window.leadsite.page.
   Asking the server, clicks and forms, dialogs, evidence, countdowns. */
(() => {
  "use strict";
  const { toast } = window.leadsite;
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

  const tell = (url, body) => ask(url, { method: "POST", body, headers: { "X-CSRFToken": csrf() } });

  function refusal(status) {
    if (status === 403) return "Your role may read here, not write.";
    if (status === 404) return "This is no longer there.";
    return "That did not work. Nothing was changed; try again.";
  }

  /** POST one act. Answers {error} or what the server says; shows nothing. */
  async function send(url, body = null) {
    try {
      const response = await tell(url, body);
      const answer = await response.json().catch(() => ({}));
      if (!response.ok && !answer.error) answer.error = refusal(response.status);
      return answer;
    } catch {
      return { error: "No connection. Nothing was changed." };
    }
  }

  /** A `post` that shows the toast with its Undo, then lets the page follow:
      `open` goes where the answer leads, `undone` hears what an Undo answered,
      `done` brings the page up to date. */
  function poster({ seconds = 5, open, done, undone = () => {} }) {
    return async function post(url, body = null, { quiet = false } = {}) {
      const answer = await send(url, body);
      if (answer.error) {
        if (!quiet) toast(answer.error);
      } else if (answer.toast) {
        const undo = answer.undo ? () => post(answer.undo).then(undone) : null;
        toast(answer.toast, { undo, seconds });
      }
      if (answer.open && !answer.error) await open(answer.open);
      done(answer);
      return answer;
    };
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

  // --- clicks -------------------------------------------------------------------
  /** Call `table[selector](item)` for a click; what answers false stays a link.
      Open `menus` close when the click is elsewhere. */
  function onClicks(table, menus) {
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
      for (const menu of document.querySelectorAll(menus)) {
        if (menu.open && !menu.contains(event.target)) menu.open = false;
      }
      for (const [selector, act] of Object.entries(table)) {
        const item = event.target.closest(selector);
        if (!item) continue;
        if (act(item) !== false) event.preventDefault();
        return;
      }
    });
  }

  /** The clicks that mean the same on every page. */
  const clicks = (post) => ({
    "button[data-post]": (button) => press(button, post),
    "[data-why]": (item) => { why(item.dataset.why); },
    "[data-fact-edit]": (item) => editFact(item.closest("li"), true),
    "[data-fact-cancel]": (item) => editFact(item.closest("li"), false),
    "[data-dialog]": (item) => openDialog(item.dataset.dialog),
    "[data-close]": (item) => item.closest("dialog").close(),
    "[data-message]": (item) => goTo(item.dataset.message),
  });

  async function press(button, post) {
    if (button.disabled) return;
    button.disabled = true;
    await post(button.dataset.post);
    button.disabled = false;
  }

  function editFact(row, on) {
    const form = row.querySelector("form");
    form.hidden = !on;
    if (on) form.dataset.editing = "1";
    else delete form.dataset.editing;
    (on ? form.querySelector("input") : row.querySelector("[data-fact-edit]")).focus();
    if (on) form.querySelector("input").select();
  }

  // --- dialogs ------------------------------------------------------------------
  function openDialog(id) {
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

  // --- forms --------------------------------------------------------------------
  /** Send every form[data-post] by `post`; `saved` follows when it was taken.
      What was typed into a refused form stays. */
  function onForms(post, saved) {
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
      saved();
    });
    document.addEventListener("change", (event) => {
      if (!event.target.matches("[data-submit-on-change]")) return;
      event.target.form.requestSubmit();
      event.target.blur();
    });
  }

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

  /** Show a message that is on the page; false lets a link lead to it. */
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
  setInterval(tick, 250);

  window.leadsite.page = { $, ask, tell, send, refusal, poster, single, clicks, onClicks, onForms, openDialog, goTo };
})();
