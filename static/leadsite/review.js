/* The review queue: one decision opens the next; live, with keys. */
(() => {
  "use strict";
  const { merge, page, toast, onKeys, titleCount } = window.leadsite;
  const { $ } = page;
  const root = $("rv");
  const list = $("rv-list");
  const open = $("rv-open");
  let pointer = false;
  let waiting = null;
  let going = ""; // what this page is deciding now

  const card = () => $("rv-card");
  const opened = () => card()?.dataset.item ?? "";
  const links = () => [...list.querySelectorAll(".rv-row:not(.is-gone) .rv-row__link")];
  const rowOf = (item) => $(`rv-${item}`);
  const say = (words) => { $("rv-live").textContent = words; };

  // --- the list -----------------------------------------------------------------
  const frozen = () => pointer || list.contains(document.activeElement);

  const refreshList = page.single(async () => {
    const response = await page.ask(root.dataset.rows);
    if (!response.ok) return;
    const content = merge.parse(await response.text());
    merge.part(root, content, "tabs");
    waiting = content.querySelector('[data-part="rows"]');
    titleCount(Number(waiting.dataset.waiting));
    settle();
  });

  function settle() {
    if (!waiting) return;
    const ticked = new Set([...list.querySelectorAll("input:checked")].map((box) => box.value));
    const pill = $("rv-pill");
    if (frozen()) {
      const count = merge.inPlace(list, waiting);
      pill.hidden = count === 0;
      pill.textContent = `${count} new`;
    } else {
      merge.list(list, [...waiting.children]);
      waiting = null;
      pill.hidden = true;
    }
    for (const box of list.querySelectorAll("input")) box.checked = ticked.has(box.value);
    mark();
    if (!card() && !open.querySelector("[data-settled]") && links().length) show(links()[0]);
  }

  function mark() {
    const all = links();
    for (const link of list.querySelectorAll(".rv-row__link")) {
      if (link.closest("li").id === `rv-${opened()}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const place = open.querySelector("[data-place]");
    const at = all.findIndex((link) => link.hasAttribute("aria-current"));
    if (place) place.textContent = at < 0 ? `${all.length} wait` : `${at + 1} of ${all.length}`;
    for (const step of open.querySelectorAll("[data-step]")) {
      step.disabled = !all[at + Number(step.dataset.step)];
    }
    const n = list.querySelectorAll("input:checked").length;
    $("rv-bulk").hidden = n === 0;
    $("rv-bulk-n").textContent = `${n} ticked`;
  }

  // The whole side: on its way to the pill the pointer must not unfreeze the list.
  const side = $("rv-side");
  side.addEventListener("pointerenter", (event) => { pointer = event.pointerType === "mouse"; });
  side.addEventListener("pointerleave", () => { pointer = false; settle(); });
  list.addEventListener("focusout", () => setTimeout(() => { if (!frozen()) settle(); }));
  list.addEventListener("change", mark);
  $("rv-pill").addEventListener("click", () => {
    pointer = false;
    if (list.contains(document.activeElement)) document.activeElement.blur();
    settle();
    $("rv-side").scrollTop = 0;
  });

  // --- the open card --------------------------------------------------------------
  async function show(link, { push = true, focus = false } = {}) {
    const url = typeof link === "string" ? link : link.href;
    const response = await page.ask(url);
    if (!response.ok) { toast(page.refusal(response.status)); refreshList(); return; }
    open.replaceChildren(merge.parse(await response.text()));
    if (push) history.replaceState({}, "", url);
    end();
    mark();
    if (focus) card()?.focus({ preventScroll: true });
  }

  const end = () => {
    const box = open.querySelector(".rv-scroll");
    if (box) box.scrollTop = box.scrollHeight;
  };

  function neighbour(item) {
    const all = links();
    const at = all.findIndex((link) => link.closest("li").id === `rv-${item}`);
    return all[at + 1] ?? all[at - 1] ?? null;
  }

  /** Look whether the open card still waits; typed words are never touched. */
  const refreshCard = page.single(async () => {
    const item = opened();
    if (!item || going === item || card().classList.contains("is-settled")) return;
    const response = await page.ask(`${card().dataset.url}?${root.dataset.query}`);
    if (opened() !== item || going === item) return;
    const content = response.ok ? merge.parse(await response.text()) : null;
    if (content?.querySelector("#rv-card")) {
      const typing = card().dataset.editing || card().contains(document.activeElement?.closest("input, textarea"));
      const fresh = content.querySelector(".rv-talk");
      const live = card().querySelector(".rv-talk");
      if (!typing && content.querySelector("#rv-card").dataset.mark !== card().dataset.mark) {
        open.replaceChildren(content);
        end();
        mark();
      } else if (fresh && live && !typing && live.innerHTML !== fresh.innerHTML) live.replaceWith(fresh);
      return;
    }
    const words = content?.querySelector("[data-settled]")?.dataset.settled ?? "This is no longer there";
    outdate(words);
  });

  function outdate(words) {
    card().classList.add("is-settled");
    warn(card().dataset.editing ? `${words}. Your words stay here to copy.` : `${words}.`);
    for (const button of card().querySelectorAll("[data-acts] button")) button.disabled = true;
    const next = document.createElement("button");
    next.type = "button";
    next.className = "ls-btn ls-btn--primary";
    next.textContent = "Next";
    next.dataset.next = "";
    card().querySelector("[data-acts] .ls-line")?.append(next);
  }

  function warn(words) {
    const line = card().querySelector("[data-warn]");
    line.textContent = words;
    line.hidden = false;
  }

  /** POST a decision; the next row opens at once. Refused, the card says why. */
  async function decide(url, body, { then = "" } = {}) {
    const item = opened();
    if (!item || going) return;
    going = item;
    const next = neighbour(item);
    for (const button of card().querySelectorAll("[data-acts] button")) button.disabled = true;
    const answer = await post(url, body, then);
    if (answer.error) {
      going = "";
      for (const button of card().querySelectorAll("[data-acts] button")) button.disabled = false;
      if (answer.confirm) {
        card().dataset.confirmed = "1";
        warn(`${answer.error}. Send it with these words?`);
        card().querySelector("[data-approve]").textContent = "Send anyway";
        return;
      }
      warn(answer.error.endsWith(".") ? answer.error : `${answer.error}. Nothing was sent.`);
      refreshList();
      refreshCard();
      return;
    }
    rowOf(item)?.remove();
    say(answer.toast ?? "Decided");
    try {
      const there = next && next.isConnected ? next : root.dataset.rows.replace("rows/", "");
      await show(there, { focus: true });
    } finally {
      going = "";
      refreshList();
    }
  }

  async function post(url, body, then = "") {
    const answer = await page.send(url, body);
    if (!answer.error && then) answer.toast ??= "You have it";
    if (answer.toast) {
      if (answer.undo) toast(answer.toast, { undo: () => undo(answer.undo), seconds: 5 });
      else if (then) toast(answer.toast, { undo: () => location.assign(then), label: "Open the talk", seconds: 8 });
      else toast(answer.toast);
    }
    return answer;
  }

  async function undo(url) {
    const answer = await post(url, null);
    if (answer.error) toast(answer.error);
    await refreshList();
    if (answer.show) await show(`${answer.show}?${root.dataset.query}`, { focus: true });
  }

  // --- editing --------------------------------------------------------------------
  function edit(on) {
    const box = card().querySelector("[data-edit-box]");
    if (!box) return;
    const area = box.querySelector("textarea");
    box.hidden = !on;
    card().querySelector("[data-draft-body]").hidden = on;
    card().querySelector("[data-edit]").textContent = on ? "Leave as it was" : "Edit";
    card().querySelector("[data-approve]").textContent = on ? "Approve your words" : "Approve";
    if (on) { card().dataset.editing = "1"; area.focus(); } else {
      delete card().dataset.editing;
      area.value = area.defaultValue;
      card().querySelector("[data-edit]").focus();
    }
  }

  function approve() {
    const button = card().querySelector("[data-approve]");
    const body = new FormData();
    if (card().dataset.confirmed) body.set("confirmed", "1");
    if (card().dataset.editing) {
      body.set("body", card().querySelector("textarea").value);
      body.set("why", card().querySelector("input[name=rv-why]:checked")?.value ?? "");
    }
    decide(button.dataset.approve, body);
  }

  function discard(on) {
    const box = $("rv-discard");
    box.hidden = !on;
    card().querySelector("[data-main]").hidden = on;
    card().querySelector("[data-discard]").setAttribute("aria-expanded", String(on));
    (on ? box.querySelector("button") : card().querySelector("[data-discard]")).focus();
  }

  function press(button) {
    const body = new FormData();
    if (button.dataset.whyWord) body.set("why", button.dataset.whyWord);
    if (button.dataset.name) body.set(button.dataset.name, button.dataset.value);
    decide(button.dataset.decide, body, { then: button.dataset.then });
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const on = (selector) => event.target.closest(selector);
    const link = on("#rv-list .rv-row__link");
    if (link) { event.preventDefault(); show(link, { focus: true }); }
    else if (on("[data-next]")) { event.preventDefault(); next(); }
    else if (on("[data-approve]")) approve();
    else if (on("[data-edit]")) edit(!card().dataset.editing);
    else if (on("[data-discard]")) discard(true);
    else if (on("[data-keep]")) discard(false);
    else if (on("[data-decide]")) press(on("[data-decide]"));
    else if (on("[data-step]")) step(Number(on("[data-step]").dataset.step));
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("[data-edit-box]");
    if (event.key === "Escape" && box) edit(false);
    else if (event.key === "Escape" && !$("rv-discard")?.hidden && $("rv-discard")) discard(false);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && box) { event.preventDefault(); approve(); }
  });

  function next() {
    const after = neighbour(opened());
    rowOf(opened())?.remove();
    show(after ?? root.dataset.rows.replace("rows/", ""), { focus: true });
    refreshList();
  }

  function step(by) {
    const all = links();
    const at = all.findIndex((link) => link.hasAttribute("aria-current"));
    const to = all[Math.max(0, Math.min(all.length - 1, at + by))];
    if (to) { show(to, { focus: true }); to.scrollIntoView({ block: "nearest" }); }
  }
  onKeys({ j: () => step(1), k: () => step(-1) });

  // --- live -----------------------------------------------------------------------
  function refresh() { refreshList(); refreshCard(); }
  document.addEventListener("leadsite:changed", refresh);
  document.addEventListener("leadsite:poll", refresh);
  let soon = null;
  document.addEventListener("leadsite:ring", () => {
    soon ??= setTimeout(() => { soon = null; refresh(); }, 200);
  });

  merge.remember(document);
  mark();
  end();
  titleCount(Number(root.querySelector(".rv-tabs .ls-tab__n")?.textContent ?? 0));
})();
