/* Prepared answers: the picker over the composer. The server fills them in. */
(() => {
  "use strict";
  const { page, composer } = window.leadsite;
  const { $ } = page;
  const dialog = $("ib-answers");
  if (!dialog) return; // a role that only reads
  const box = $("ib-answers-q");
  let typed = null;
  let asked = 0;
  let bySlash = false;
  let put = null; // the answer that was chosen
  let cursor = 0; // where the words go: a closing dialog may move it

  const options = () => [...dialog.querySelectorAll("[data-use]")];
  const chosen = () => options().find((one) => one.getAttribute("aria-selected") === "true");

  async function open(slash = false) {
    if (composer.blocked() || composer.written().kind === "note" || dialog.open) return;
    bySlash = slash;
    cursor = $("ib-body").selectionEnd;
    box.value = "";
    $("ib-answers-error").hidden = true;
    await load();
    if (!dialog.open) dialog.showModal();
    box.focus();
  }

  async function load() {
    const mine = ++asked;
    const query = new URLSearchParams({ q: box.value, kind: composer.written().kind });
    const response = await page.ask(`${composer.form().dataset.answers}?${query}`);
    if (mine !== asked) return; // more was typed meanwhile
    if (!response.ok) { fail(page.refusal(response.status)); return; }
    $("ib-answers-found").innerHTML = await response.text();
    mark(options()[0]);
  }

  /** Choose one: it is what Enter puts in, and its words show beside the list. */
  function mark(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    const list = $("ib-answers-list");
    box.setAttribute("aria-expanded", String(Boolean(list)));
    box.setAttribute("aria-controls", list ? list.id : "ib-answers-found");
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
    $("ib-answers-shown").innerHTML = option?.querySelector("template").innerHTML ?? "";
    $("ib-answers-shown").hidden = $("ib-answers-use").hidden = !option;
    option?.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = options();
    const at = all.indexOf(chosen());
    mark(all[Math.max(0, Math.min(all.length - 1, at + by))]);
  }

  function fail(words) {
    $("ib-answers-error").textContent = words;
    $("ib-answers-error").hidden = false;
  }

  async function use() {
    const option = chosen();
    if (!option) return;
    const answer = await page.send(option.dataset.use);
    if (answer.error) { fail(answer.error); return; }
    put = answer;
    dialog.close();
  }

  box.addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(load, 150);
  });
  dialog.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.target === box && moves[event.key]) step(moves[event.key]);
    else if (event.target === box && event.key === "Enter") use();
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    if (put) composer.insert(put.body, put.subject, cursor);
    // Left by Escape: the stroke that opened it was meant as a letter.
    else if (bySlash) composer.insert("/", "", cursor);
    else composer.back(cursor);
    bySlash = false;
    put = null;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#ib-answers-open")) open();
    if (event.target.closest("#ib-answers-use")) use();
    const option = event.target.closest("#ib-answers [data-use]");
    if (option) { mark(option); box.focus(); }
  });
  document.addEventListener("dblclick", (event) => {
    if (event.target.closest("#ib-answers [data-use]")) use();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "ib-body" || event.altKey || event.metaKey) return;
    const slash = event.key === "/" && !event.ctrlKey && !event.target.value;
    if (!slash && !(event.key === ";" && event.ctrlKey)) return;
    if (composer.written().kind === "note") return;
    event.preventDefault();
    open(slash);
  });
})();
