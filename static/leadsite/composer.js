/* The box to write in, and the draft card: window.leadsite.composer. */
(() => {
  "use strict";
  const { store, counting } = window.leadsite;
  const data = JSON.parse(document.getElementById("ib-data").textContent);
  const replying = new Map(); // conversation → {name, until}
  const $ = (id) => document.getElementById(id);

  // --- the composer -----------------------------------------------------------
  const MARK = new RegExp(`\\[(?:${data.names.join("|")})\\?\\]|\\{\\{\\s*\\w+\\s*\\}\\}`, "g");
  let form = null;
  let state = null;
  let kind = "";
  let offered = ""; // the subject that the server last proposed

  const way = () => state?.ways.find((one) => one.kind === kind);
  const key = (conversation) => `leadsite.unsent.${data.person}.${conversation}`;

  function keep() {
    if (!form) return;
    const body = $("ib-body").value;
    const subject = $("ib-subject").value;
    const address = $("ib-address").value;
    const place = key(form.dataset.conversation);
    const typed = body.trim() || (subject && subject !== offered);
    store.set(place, typed ? JSON.stringify({ kind, body, subject, address }) : "");
  }

  function kept(conversation) {
    try { return JSON.parse(store.get(key(conversation), "") || "null"); } catch { return null; }
  }

  /** Take over the composer of the conversation that was just opened. */
  function open(root) {
    form = root.querySelector("#ib-composer");
    offered = "";
    if (!form) return;
    const unsent = kept(form.dataset.conversation);
    const asked = new URLSearchParams(location.search).get("compose");
    kind = asked || unsent?.kind || "";
    update(root);
    if (unsent) {
      $("ib-body").value = unsent.body;
      $("ib-subject").value = unsent.subject || $("ib-subject").value;
      if (way()?.addresses.includes(unsent.address)) $("ib-address").value = unsent.address;
    }
    form.hidden = false;
    $("ib-body").addEventListener("input", () => { keep(); count(); tell(); });
    $("ib-subject").addEventListener("input", () => { keep(); count(); });
    $("ib-address").addEventListener("change", keep);
    form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(); }
      if (event.key === "Escape") event.target.blur();
    });
    count();
  }

  function tell() {
    if (kind !== "note" && $("ib-body").value.trim()) window.leadsite.live.typing(form.dataset.conversation);
  }

  /** The server's word on who may be written to, how and when. */
  function update(root) {
    const part = root.querySelector('[data-part="ways"]');
    if (!part || !form) return;
    state = JSON.parse(part.dataset.state);
    if (!way()) kind = state.kind;
    draw();
  }

  function choose(wanted) {
    if (!state?.ways.some((one) => one.kind === wanted)) return;
    kind = wanted;
    keep();
    draw();
    count();
  }

  function draw() {
    const buttons = state.ways.map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "ls-choice__item";
      button.textContent = one.label;
      button.dataset.kind = one.kind;
      button.setAttribute("aria-pressed", String(one.kind === kind));
      return button;
    });
    const had = $("ib-kinds").contains(document.activeElement) ? document.activeElement.dataset.kind : "";
    const shape = JSON.stringify([state.ways, kind]);
    if ($("ib-kinds").dataset.shape !== shape) {
      $("ib-kinds").replaceChildren(...buttons);
      $("ib-kinds").dataset.shape = shape;
      if (had) buttons.find((one) => one.dataset.kind === had)?.focus();
    }
    const one = way();
    form.classList.toggle("is-note", kind === "note");
    form.classList.toggle("is-email", kind === "email");
    form.querySelector(".ib-composer__note").hidden = kind !== "note";
    form.querySelector(".ib-composer__box").hidden = Boolean(one.blocked);
    const blocked = $("ib-blocked");
    blocked.hidden = !one.blocked;
    blocked.textContent = one.blocked;
    blocked.className = `ls-notice ${one.red ? "ls-notice--red" : "ls-notice--amber"} ib-blocked`;
    addresses(one);
    subject();
    for (const id of ["ib-answers-open", "ib-later-open"]) $(id).hidden = kind === "note";
    $("ib-preview-open").hidden = kind !== "email";
    $("ib-hint").textContent = one.hint;
    $("ib-hint-change").hidden = !one.waits;
    $("ib-body").placeholder = kind === "note" ? "Write a note for your team" : form.dataset.write;
    $("ib-send").textContent = kind === "note" ? "Save note" : "Send";
  }

  /** The last mail's subject is proposed; one that somebody typed stays. */
  function subject() {
    const box = $("ib-subject");
    $("ib-subject-line").hidden = kind !== "email";
    const proposed = state.ways.find((one) => one.kind === "email")?.subject ?? "";
    const untouched = !box.value || box.value === offered;
    if (untouched && document.activeElement !== box) box.value = proposed;
    offered = proposed;
  }

  function addresses(one) {
    const select = $("ib-address");
    const options = one.addresses.map((value) => new Option(value, value));
    const chosen = select.value;
    if ([...select.options].map((o) => o.value).join() !== one.addresses.join()) {
      select.replaceChildren(...options);
      if (one.addresses.includes(chosen)) select.value = chosen;
    }
    const several = one.addresses.length > 1;
    select.hidden = !several;
    $("ib-to-one").textContent = several ? "" : one.addresses[0] ?? "";
    $("ib-to").hidden = !several && !(kind === "email" && one.addresses.length);
  }

  function count() {
    if (!form) return;
    $("ib-count").textContent = kind === "sms" ? counting.words($("ib-body").value, way().price) : "";
    const open = marks();
    const line = $("ib-marks");
    line.hidden = !open.length;
    const words = open.length ? `Fill in ${open.join(" and ")} before sending` : "";
    if (line.textContent !== words) line.textContent = words;
    line.classList.remove("is-asked");
  }

  /** What a prepared answer still leaves to be filled in, each once. */
  function marks() {
    if (kind === "note") return [];
    const subjects = kind === "email" ? $("ib-subject").value : "";
    return [...new Set(`${subjects}\n${$("ib-body").value}`.match(MARK) ?? [])];
  }

  /** Mark the next place to fill in, so that typing replaces it. */
  function toMark() {
    for (const box of [$("ib-body"), $("ib-subject")]) {
      const found = new RegExp(MARK.source).exec(box.value);
      if (!found) continue;
      box.focus();
      box.setSelectionRange(found.index, found.index + found[0].length);
      const above = box.value.slice(0, found.index).split("\n").length / box.value.split("\n").length;
      box.scrollTop = above * box.scrollHeight - box.clientHeight / 2;
      return;
    }
  }

  function put(text, wanted = "", title = "") {
    if (wanted) choose(wanted);
    $("ib-body").value = text;
    if (title && kind === "email") $("ib-subject").value = title;
    keep();
    count();
  }

  /** Put words in where the cursor is; nothing that was typed is lost. */
  function insert(text, title = "", at = $("ib-body").selectionEnd) {
    const box = $("ib-body");
    const before = box.value.slice(0, at);
    const gap = before && !/\s$/.test(before) ? " " : "";
    box.setRangeText(gap + text, at, at, "end");
    const line = $("ib-subject");
    if (title && kind === "email" && !line.value.trim()) line.value = title;
    keep();
    count();
    tell();
    box.focus();
    if (marks().length) toMark();
    else if (box.selectionEnd === box.value.length) box.scrollTop = box.scrollHeight;
  }

  /** Back in the box, where the cursor was. */
  function back(at) {
    if (!form) return;
    $("ib-body").focus();
    $("ib-body").setSelectionRange(at, at);
  }

  /** What the box holds, as the server takes it. */
  function written() {
    const said = { kind, body: $("ib-body").value, subject: $("ib-subject").value, address: "" };
    if (way().addresses.length > 1) said.address = $("ib-address").value;
    return said;
  }

  function wrong(words) {
    const error = form.querySelector(".ib-composer__error");
    error.textContent = words;
    error.hidden = !words;
  }

  /** Whether the box holds something that may leave; else the person sees what lacks. */
  function ready() {
    if (!form || !$("ib-body").value.trim() || $("ib-send").disabled || way()?.blocked) return false;
    if (!marks().length) return true;
    $("ib-marks").classList.add("is-asked");
    toMark();
    return false;
  }

  /** Send what the box holds, now, or by `url` with `more` at another time. */
  async function send(url = "", more = {}) {
    if (!ready()) return;
    const [from, said] = [form, written()];
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...said, ...more })) body.set(name, value);
    const buttons = [$("ib-send"), $("ib-later-open")];
    for (const button of buttons) button.disabled = true;
    wrong("");
    const answer = await window.leadsite.post(url || from.action, body, { quiet: true });
    for (const button of buttons) button.disabled = false;
    if (answer.error) {
      if (from === form) wrong(answer.error);
      return;
    }
    store.set(key(from.dataset.conversation), "");
    if (from !== form) return;
    if ($("ib-body").value === said.body) {
      $("ib-body").value = "";
      $("ib-subject").value = offered;
    }
    if (said.kind === "note") choose(state.kind);
    count();
    keep();
  }

  /** Undo brings the words back, when the box is still empty. */
  function takenBack(answer) {
    if (!form || !answer.body) return;
    if (!$("ib-body").value.trim()) put(answer.body, answer.kind, answer.subject);
  }

  // --- presence ---------------------------------------------------------------
  document.addEventListener("leadsite:typing", ({ detail }) => {
    replying.set(detail.conversation, { name: detail.name, until: Date.now() + 6000 });
    present();
  });

  function present() {
    const line = $("ib-replying");
    if (!line) return;
    const found = whoIsReplying();
    line.hidden = !found;
    if (found) line.textContent = `${found} is replying`;
  }

  function whoIsReplying() {
    const thread = $("ib-thread");
    const found = thread && replying.get(thread.dataset.conversation);
    return found && found.until > Date.now() ? found.name : "";
  }

  setInterval(present, 1000);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#ib-kinds [data-kind]");
    if (!button) return;
    choose(button.dataset.kind);
    if (!way().blocked) $("ib-body").focus();
  });

  window.leadsite.composer = {
    open, update, choose, put, insert, back, send, ready, written, takenBack, whoIsReplying,
    form: () => form,
    address: () => $("ib-address").value,
    state: () => state,
    blocked: () => !form || Boolean(way()?.blocked),
    focus(wanted) {
      if (!form) return;
      if (wanted === "note") choose("note");
      else if (kind === "note") choose(state.kind === "note" ? state.ways[0].kind : state.kind);
      if (!way().blocked) $("ib-body").focus();
    },
  };
})();
