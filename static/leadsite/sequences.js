/* The builder of sequences: every change is kept at once, and nothing typed is lost.
   A form is sent whole after a pause in typing; what comes back never replaces it.
   Only adding, removing and moving brings the steps anew, after all is kept. */
(() => {
  "use strict";
  const { page, counting, toast } = window.leadsite;
  const { $ } = page;
  const PAUSE = 700;
  const AGAIN = 4000;
  const status = $("sq-saved");
  const work = $("sq-work");
  const timers = new Map(); // form → its timer
  const unsaved = new Set(); // forms with something that the server has not got
  const running = new Map(); // form → the request that is under way

  // --- keeping ------------------------------------------------------------------
  function touched(form, wait = PAUSE) {
    unsaved.add(form);
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form), wait));
    say("Saving …");
  }

  function say(words, wrong = false) {
    if (status.textContent !== words) status.textContent = words;
    status.classList.toggle("is-wrong", wrong);
  }

  /** Send one form; true when it is kept. A change meanwhile is sent after it. */
  async function keep(form) {
    clearTimeout(timers.get(form));
    if (running.has(form)) {
      await running.get(form);
      return unsaved.has(form) ? keep(form) : true;
    }
    if (!unsaved.has(form)) return true;
    unsaved.delete(form);
    const sending = send(form);
    running.set(form, sending);
    const kept = await sending;
    running.delete(form);
    if (!kept) unsaved.add(form);
    return kept;
  }

  async function send(form) {
    let response;
    try {
      response = await page.tell(form.action, new FormData(form));
    } catch {
      say("Not saved: no connection. It is tried again.", true);
      clearTimeout(timers.get(form));
      timers.set(form, setTimeout(() => keep(form), AGAIN));
      return false;
    }
    const answer = await response.json().catch(() => ({}));
    show(form, answer.errors ?? {});
    if (!response.ok) {
      say(`Not saved: ${answer.error ?? page.refusal(response.status)}`, true);
      return false;
    }
    if (answer.mark) form.elements.seen.value = answer.mark;
    tell(answer);
    if (!unsaved.size) say(`Saved ${answer.saved}`);
    const heard = form.dataset.sqForm === "settings" ? "sq-settings" : "sq-saved";
    document.body.dispatchEvent(new CustomEvent(heard));
    return true;
  }

  /** Keep all that is typed; the first form that cannot be kept, null when none. */
  async function keepAll() {
    const forms = new Set([...unsaved, ...running.keys()]);
    for (const form of forms) if (!(await keep(form))) return form;
    return null;
  }

  /** Errors beside their fields; what was typed stays. */
  function show(form, errors) {
    for (const old of form.querySelectorAll(".sq-error")) old.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
    for (const [name, words] of Object.entries(errors)) {
      const field = form.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`);
      if (!field) continue;
      const line = document.createElement("p");
      line.className = "ls-error sq-error";
      line.id = `${form.dataset.sqName}-${name}-error`.replace(/\s/g, "-");
      line.textContent = words;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", line.id);
      (field.closest(".ls-line, .sq-when, .sq-chips") ?? field).after(line);
      const fold = field.closest("details:not([open])");
      if (fold) fold.open = true;
    }
  }

  function tell(answer) {
    $("sq-version").textContent = answer.version;
    for (const one of document.querySelectorAll("[data-sq-draft]")) one.hidden = !answer.draft;
    if (answer.rule && $("sq-rule")) $("sq-rule").textContent = answer.rule;
    if (answer.name) document.querySelector("h1")?.replaceChildren(answer.name);
    problems(answer.problems || []);
  }

  function problems(words) {
    const box = $("sq-problems");
    if (!box) return;
    box.hidden = !words.length;
    box.querySelector("ul").replaceChildren(...words.map((one) => {
      const item = document.createElement("li");
      item.textContent = one;
      return item;
    }));
  }

  const formOf = (element) => element.closest("[data-sq-form]");
  document.addEventListener("input", (event) => {
    const form = formOf(event.target);
    if (!form) return;
    follow(event.target, form);
    touched(form);
  });
  document.addEventListener("change", (event) => {
    const form = formOf(event.target);
    if (form && unsaved.has(form)) keep(form);
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved.size) event.preventDefault(); });

  // --- what hangs on what -------------------------------------------------------
  function follow(field, form) {
    if (field.type === "radio" && (field.name === "kind" || field.name === "writer")) {
      form.dataset[field.name] = field.value;
    }
    if (field.matches("[data-sq-count]") || field.name === "kind") count(form);
    if (field.name === "on") form.classList.toggle("is-ruled", Boolean(field.value));
    if (field.name?.endsWith("-intents")) {
      const fold = field.closest("details");
      const ticked = [...fold.querySelectorAll("input:checked")].map((one) => one.dataset.words);
      fold.querySelector("summary b").textContent = ticked.join(" or ") || "choose what";
    }
  }

  /** How many texts each wording is, as typed. */
  function count(root) {
    for (const area of root.querySelectorAll("[data-sq-count]")) {
      const place = area.closest(".sq-wording").querySelector("[data-sq-counted]");
      const about = area.value.includes("{{") ? "about " : "";
      place.textContent = area.value.trim() ? about + counting.words(area.value, 0) : "";
    }
  }

  // --- names --------------------------------------------------------------------
  let last = null; // the field that a name goes into
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-sq-fill]")) last = event.target;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sq-name-put]");
    if (!button) return;
    const wording = button.closest(".sq-wording");
    const field = last && wording.contains(last) ? last : wording.querySelector("textarea[data-sq-fill]");
    const mark = `{{ ${button.dataset.sqNamePut} }}`;
    field.setRangeText(mark, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // --- steps come, go and move --------------------------------------------------
  let busy = false;
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const act = event.submitter?.matches("[data-sq-act]") || form.matches("[data-sq-act]");
    if (!act && !form.matches("[data-sq-form]")) return confirmed(event, form);
    event.preventDefault();
    if (!act) { touched(form, 0); return; }
    if (busy) return;
    busy = true;
    await change(form, event.submitter);
    busy = false;
  });

  /** An act that cannot be taken back is asked for twice. */
  function confirmed(event, form) {
    const words = form.dataset.sqConfirm;
    if (words && !window.confirm(words)) event.preventDefault();
  }

  async function change(form, button) {
    // What is removed need not be right; everything else is kept first.
    const removed = button.dataset.sqAct === "remove";
    const before = removed ? new FormData(form) : null;
    if (removed) { clearTimeout(timers.get(form)); await running.get(form); unsaved.delete(form); }
    const wrong = await keepAll();
    if (wrong) {
      toast(`First mend ${wrong.dataset.sqName}: ${status.textContent}`);
      (wrong.querySelector("[aria-invalid]") ?? wrong.querySelector("input:not([type=hidden])")).focus();
      if (removed) unsaved.add(form);
      return;
    }
    const body = new FormData(form, button);
    const url = button.hasAttribute("formaction") ? button.formAction : form.action;
    if (!(await renew(url, body))) return;
    if (removed) {
      const back = `${button.dataset.sqUndo}?at=${button.dataset.sqAt}`;
      before.delete("seen");
      toast(`Step ${button.dataset.sqAt} is removed`, { undo: () => renew(back, before), seconds: 10 });
    }
  }

  /** Post an act and show the steps as they are then. */
  async function renew(url, body) {
    let response;
    try { response = await page.tell(url, body); } catch { toast("No connection. Nothing was changed."); return false; }
    const html = await response.text();
    if (!response.ok) {
      let words = page.refusal(response.status);
      try { words = JSON.parse(html).error ?? words; } catch { /* a page, not words */ }
      toast(words, { seconds: 10 });
      return false;
    }
    work.innerHTML = html;
    const top = work.firstElementChild;
    $("sq-version").textContent = top.dataset.sqVersion;
    for (const one of document.querySelectorAll("[data-sq-draft]")) one.hidden = !top.dataset.sqIsDraft;
    count(work);
    let place = $(top.dataset.sqFocus);
    if (place?.disabled) place = place.closest("form").querySelector(".sq-card__n");
    place?.focus();
    say("Saved");
    document.body.dispatchEvent(new CustomEvent("sq-saved"));
    return true;
  }

  // --- the lead to look with ----------------------------------------------------
  function chosen() {
    const now = $("sq-lead").value;
    for (const one of document.querySelectorAll("[data-sq-lead]")) {
      one.setAttribute("aria-pressed", String(one.dataset.sqLead === now));
    }
  }
  document.addEventListener("click", (event) => {
    const person = event.target.closest("[data-sq-lead]");
    if (!person) return;
    $("sq-lead").value = person.dataset.sqLead;
    chosen();
    document.body.dispatchEvent(new CustomEvent("sq-lead"));
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "sq-found") chosen();
  });

  // Before the page is left for activation, all is kept.
  $("sq-activate")?.addEventListener("click", async (event) => {
    if (!unsaved.size && !running.size) return;
    event.preventDefault();
    const wrong = await keepAll();
    if (!wrong) location.assign(event.target.closest("a").href);
    else toast(`First mend ${wrong.dataset.sqName}: ${status.textContent}`);
  });

  const on = document.querySelector('[data-sq-form="settings"] [name="on"]');
  if (on) on.form.classList.toggle("is-ruled", Boolean(on.value));
  count(document);
  chosen();
})();
