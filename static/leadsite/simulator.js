/* The simulator: sends without leaving the page, and follows the steps live.
   While a turn is open it looks every second; the doorbell makes it sooner. */
(() => {
  "use strict";
  const { merge, page, toast } = window.leadsite;
  const LOOK = 1000;
  const BUSY_LOOK = 2500;
  const PARTS = ["people", "clock", "acts", "tries", "busy", "state"];
  const { $ } = page;
  const root = $("sim");
  const form = $("sim-form");
  let token = 0;
  let lookAt = 0;
  let sending = 0;

  const state = () => $("sim-state").dataset;

  // --- showing ------------------------------------------------------------------
  function show(html) {
    const content = merge.parse(html);
    const before = { url: state().url, open: state().open };
    showScreen(content);
    showSteps(content);
    for (const name of PARTS) merge.part(root, content, name);
    $("sim-conversation").value = state().conversation;
    if (state().url !== before.url) history.replaceState(null, "", state().url);
    if (before.open && !state().open) say();
    plan();
  }

  function showScreen(content) {
    const screen = $("sim-screen");
    const atEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
    if (merge.part(root, content, "screen") && atEnd) screen.scrollTop = screen.scrollHeight;
  }

  /** Opened details stay open; a step that moved on ticks in. */
  function showSteps(content) {
    const steps = () => root.querySelectorAll(".sim-step");
    const opened = [...root.querySelectorAll(".sim-step details[open]")].map((d) => d.id);
    const known = new Map([...steps()].map((s) => [s.id, s.dataset.state + s.textContent.length]));
    if (!merge.part(root, content, "happened")) return;
    for (const id of opened) $(id)?.setAttribute("open", "");
    let place = 0;
    for (const step of steps()) {
      if (known.get(step.id) === step.dataset.state + step.textContent.length) continue;
      step.style.setProperty("--place", place);
      step.classList.add("is-new");
      place += 1;
    }
  }

  /** Tell those who do not see the steps how it ended. */
  function say() {
    const titles = [...root.querySelectorAll(".sim-step")].map((step) => {
      const reason = step.querySelector(".sim-reason")?.textContent ?? "";
      return `${step.querySelector(".sim-step__title").textContent} ${reason}`.trim();
    });
    $("sim-live").textContent = titles.slice(2).join("; ");
  }

  // --- asking -------------------------------------------------------------------
  async function look() {
    const asked = ++token;
    try {
      const response = await page.ask(state().update);
      const html = await response.text();
      // What was sent meanwhile brings its own, newer parts.
      if (response.ok && asked === token && !sending) show(html);
    } catch { /* no connection: the next look asks again */ }
    plan();
  }

  async function post(url, body) {
    sending += 1;
    token += 1;
    try {
      const response = await page.tell(url, body);
      const type = response.headers.get("Content-Type") ?? "";
      if (response.ok) {
        show(await response.text());
        return true;
      }
      const answer = type.includes("json") ? await response.json() : {};
      toast(answer.error || "That did not work. Nothing was changed; try again.");
    } catch {
      toast("No connection. Nothing was changed.");
    } finally {
      sending -= 1;
      plan();
    }
    return false;
  }

  function plan() {
    clearTimeout(lookAt);
    if (!state().open) return;
    const waits = root.querySelector(".sim-wait, .sim-typing, .sim-step--now");
    lookAt = setTimeout(look, waits ? LOOK : BUSY_LOOK);
  }

  // --- hands --------------------------------------------------------------------
  async function send(submitter) {
    const body = new FormData(form, submitter);
    const text = $("sim-text");
    const written = !submitter?.name;
    const words = text.value;
    if (written) { text.value = ""; grow(); }
    const done = await post(form.action, body);
    if (written && !done && !text.value) { text.value = words; grow(); }
    if (written) $("sim-subject").value = "";
  }

  function grow() {
    const text = $("sim-text");
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, 140)}px`;
  }

  function act(name) {
    const body = new FormData();
    body.set("conversation", state().conversation);
    if (name === "stop") body.set("stop", "1");
    const url = { now: state().now, ai: state().ai, busy: state().busy, stop: state().busy }[name];
    if (url) post(url, body);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter?.id === "sim-send" ? null : event.submitter);
  });
  $("sim-text").addEventListener("input", grow);
  $("sim-text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(null);
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act], .sim-tabs [data-pane]");
    if (!button) return;
    if (button.dataset.act) act(button.dataset.act);
    else pane(button.dataset.pane);
  });
  $("sim-person").addEventListener("change", (event) => location.assign(event.target.value));
  $("sim-clock").addEventListener("change", (event) => {
    if (!state().clock || !event.target.value) return;
    const body = new FormData();
    body.set("clock", event.target.value);
    post(state().clock, body);
  });

  function pane(name) {
    root.dataset.pane = name;
    for (const tab of root.querySelectorAll(".sim-tabs [data-pane]")) {
      tab.setAttribute("aria-selected", String(tab.dataset.pane === name));
    }
  }

  document.addEventListener("leadsite:ring", (event) => {
    if (event.detail.conversation === state().conversation && !sending) look();
  });
  document.addEventListener("leadsite:poll", () => { if (!sending) look(); });
  merge.remember(root);
  $("sim-screen").scrollTop = $("sim-screen").scrollHeight;
  plan();
})();
