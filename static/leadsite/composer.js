/* The box to write in, and the draft card: window.leadsite.composer. */
(() => {
  "use strict";
  const { store } = window.leadsite;
  const data = JSON.parse(document.getElementById("ib-data").textContent);
  const basic = new Set(data.basic);
  const extended = new Set(data.extended);
  const replying = new Map(); // conversation → {name, until}
  const $ = (id) => document.getElementById(id);

  /** Parts of a text as messaging/segments.py counts them. */
  function segments(text) {
    let septets = 0;
    let gsm = true;
    for (const letter of text) {
      if (basic.has(letter)) septets += 1;
      else if (extended.has(letter)) septets += 2;
      else { gsm = false; break; }
    }
    const [single, multi] = gsm ? [160, 153] : [70, 67];
    const characters = gsm ? septets : text.length;
    const one = characters <= single;
    return {
      encoding: gsm ? "GSM-7" : "UCS-2",
      characters,
      perSegment: one ? single : multi,
      segments: one ? Number(characters > 0) : Math.ceil(characters / multi),
    };
  }

  function money(micro) {
    const amount = micro / 1e6;
    return amount >= 1 ? `$${amount.toFixed(2)}` : `$${amount.toFixed(4)}`;
  }

  /** "132/160 · 1 text · $0.0083" */
  function countWords(text, price) {
    const found = segments(text);
    const room = found.perSegment * Math.max(1, found.segments);
    const texts = `${found.segments} text${found.segments === 1 ? "" : "s"}`;
    if (!found.characters) return `0/${room}`;
    const cost = price ? ` · ${money(found.segments * price)}` : "";
    const odd = found.encoding === "UCS-2" ? " · UCS-2" : "";
    return `${found.characters}/${room} · ${texts}${cost}${odd}`;
  }

  // --- the composer -----------------------------------------------------------
  let form = null;
  let state = null;
  let kind = "";

  const way = () => state?.ways.find((one) => one.kind === kind);
  const key = (conversation) => `leadsite.unsent.${data.person}.${conversation}`;

  function keep() {
    if (!form) return;
    const body = $("ib-body").value;
    const subject = $("ib-subject").value;
    const place = key(form.dataset.conversation);
    if (body.trim()) store.set(place, JSON.stringify({ kind, body, subject }));
    else store.set(place, "");
  }

  function kept(conversation) {
    try { return JSON.parse(store.get(key(conversation), "") || "null"); } catch { return null; }
  }

  /** Take over the composer of the conversation that was just opened. */
  function open(root) {
    form = root.querySelector("#ib-composer");
    if (!form) return;
    const unsent = kept(form.dataset.conversation);
    kind = unsent?.kind ?? "";
    update(root);
    if (unsent) {
      $("ib-body").value = unsent.body;
      $("ib-subject").value = unsent.subject || $("ib-subject").value;
    }
    form.hidden = false;
    $("ib-body").addEventListener("input", () => { keep(); count(); tell(); });
    $("ib-subject").addEventListener("input", keep);
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
    form.querySelector(".ib-composer__note").hidden = kind !== "note";
    form.querySelector(".ib-composer__box").hidden = Boolean(one.blocked);
    const blocked = $("ib-blocked");
    blocked.hidden = !one.blocked;
    blocked.textContent = one.blocked;
    blocked.className = `ls-notice ${one.red ? "ls-notice--red" : "ls-notice--amber"} ib-blocked`;
    addresses(one);
    $("ib-subject").hidden = kind !== "email";
    if (kind === "email" && !$("ib-subject").value) $("ib-subject").value = one.subject;
    $("ib-hint").textContent = one.hint;
    $("ib-body").placeholder = kind === "note" ? "Write a note for your team" : form.dataset.write;
    $("ib-send").textContent = kind === "note" ? "Save note" : "Send";
  }

  function addresses(one) {
    const select = $("ib-address");
    const options = one.addresses.map((value) => new Option(value, value));
    const chosen = select.value;
    if ([...select.options].map((o) => o.value).join() !== one.addresses.join()) {
      select.replaceChildren(...options);
      if (one.addresses.includes(chosen)) select.value = chosen;
    }
    select.parentElement.hidden = one.addresses.length < 2;
  }

  function count() {
    if (!form) return;
    $("ib-count").textContent = kind === "sms" ? countWords($("ib-body").value, way().price) : "";
  }

  function put(text, wanted = "") {
    if (wanted) choose(wanted);
    $("ib-body").value = text;
    keep();
    count();
  }

  async function send() {
    const box = $("ib-body");
    const button = $("ib-send");
    if (!box.value.trim() || button.disabled || way()?.blocked) return;
    const [sent, sentKind, from] = [box.value, kind, form];
    const body = new FormData();
    const said = { kind, body: sent, subject: $("ib-subject").value, address: "" };
    if (way().addresses.length > 1) said.address = $("ib-address").value;
    for (const [name, value] of Object.entries(said)) body.set(name, value);
    button.disabled = true;
    const error = form.querySelector(".ib-composer__error");
    error.hidden = true;
    const answer = await window.leadsite.post(form.action, body, { quiet: true });
    button.disabled = false;
    if (answer.error) {
      error.textContent = answer.error;
      error.hidden = false;
      return;
    }
    store.set(key(from.dataset.conversation), "");
    if (from === form && box.value === sent) box.value = "";
    if (from === form && sentKind === "note") choose(state.kind);
    count();
    keep();
  }

  /** Undo brings the words back, when the box is still empty. */
  function takenBack(answer) {
    if (!form || !answer.body) return;
    if (!$("ib-body").value.trim()) put(answer.body, answer.kind);
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

  Object.assign(window.leadsite, { segments });
  window.leadsite.composer = {
    open, update, choose, put, takenBack, countWords, whoIsReplying,
    focus(wanted) {
      if (!form) return;
      if (wanted === "note") choose("note");
      else if (kind === "note") choose(state.kind === "note" ? state.ways[0].kind : state.kind);
      if (!way().blocked) $("ib-body").focus();
    },
  };
})();
