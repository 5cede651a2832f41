/* Send later, another time, snooze: one dialog that asks when. And the preview. */
(() => {
  "use strict";
  const { page, composer } = window.leadsite;
  const { $ } = page;
  const dialog = $("ib-when");
  if (!dialog) return; // a role that only reads
  let answered = null; // what is done with the chosen time
  let zone = "UTC";
  let shift = 0; // seconds that a simulated lead's clock is ahead

  // --- clocks -------------------------------------------------------------------
  /** A moment as a clock in `place` shows it: "2026-03-03T08:00". */
  function clock(moment, place) {
    const parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: place, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    }).formatToParts(moment);
    const of = Object.fromEntries(parts.map((part) => [part.type, part.value]));
    return `${of.year}-${of.month}-${of.day}T${of.hour}:${of.minute}`;
  }

  /** The moment at which a clock in `place` shows `text`. */
  function moment(text, place) {
    const wanted = Date.parse(`${text}Z`);
    let guess = wanted;
    for (let round = 0; round < 2; round += 1) guess += wanted - Date.parse(`${clock(guess, place)}Z`);
    return guess;
  }

  const spoken = (text) => {
    const day = new Date(`${text}Z`).toLocaleDateString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
    return `${text.slice(11)} ${day}`;
  };

  // --- the dialog ---------------------------------------------------------------
  function ask({ title, choices, place, ahead = 0, whose = "", at = null, then }) {
    answered = then;
    zone = place;
    shift = ahead;
    $("ib-when-title").textContent = title;
    $("ib-when-label").textContent = whose ? `Another time, on ${whose} clock` : "Another time";
    $("ib-when-choices").replaceChildren(...choices.map(choice));
    const now = clock(Date.now() + shift * 1000, zone);
    const box = $("ib-when-at");
    box.min = now;
    box.value = at ? clock(Date.parse(at) + shift * 1000, zone) : "";
    say();
    wrong("");
    dialog.showModal();
    $("ib-when-choices").querySelector("button")?.focus();
  }

  function choice({ label, at, words }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ib-when__choice";
    button.dataset.at = at;
    const when = document.createElement("span");
    when.className = "ls-num";
    when.textContent = words;
    button.append(label, when);
    return button;
  }

  /** Under a time on the lead's clock: when that is on ours. */
  function say() {
    const text = $("ib-when-at").value;
    const here = composer.state()?.here ?? zone;
    const ours = text ? clock(moment(text, zone) - shift * 1000, here) : "";
    $("ib-when-words").textContent = text && (ours !== text || zone !== here) ? `That is ${spoken(ours)} here.` : "";
  }

  function wrong(words) {
    $("ib-when-error").textContent = words;
    $("ib-when-error").hidden = !words;
  }

  async function answer(at) {
    const error = await answered(at);
    if (error) wrong(error);
    else dialog.close();
  }

  $("ib-when-at").addEventListener("input", say);
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const at = $("ib-when-at").value;
    if (at) answer(at);
    else wrong("Choose a day and a time.");
  });
  dialog.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    const all = [...dialog.querySelectorAll(".ib-when__choice")];
    const at = all.indexOf(document.activeElement);
    if (at < 0 || !moves[event.key]) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, at + moves[event.key]))].focus();
  });

  /** POST a time; answers what is wrong with it, or nothing. */
  async function post(url, at) {
    const body = new FormData();
    body.set("at", at);
    return (await window.leadsite.post(url, body, { quiet: true })).error;
  }

  // --- what it is for -----------------------------------------------------------
  const name = () => (document.querySelector("#ib-thread h2")?.textContent.trim().split(" ")[0] || "the lead");

  function later(more) {
    const { later: choices, zone: place, shift: ahead } = composer.state();
    ask({ choices, place, ahead, whose: `${name()}’s`, ...more });
  }

  const opens = {
    change: (button) => later({
      title: "Send at another time", at: button.dataset.at, then: (at) => post(button.dataset.url, at),
    }),
    snooze: () => ask({
      title: "Snooze until",
      choices: composer.state().snooze,
      place: composer.state().here,
      then: (at) => post(composer.form().dataset.snooze, at),
    }),
  };

  function sendLater() {
    if (!composer.ready()) { $("ib-body").focus(); return; }
    later({
      title: "Send later",
      then: async (at) => { dialog.close(); await composer.send(composer.form().dataset.later, { at }); },
    });
  }

  async function preview() {
    const body = new FormData();
    const { body: words, subject } = composer.written();
    const address = composer.address();
    for (const [name, value] of Object.entries({ body: words, subject, address })) body.set(name, value);
    const response = await page.tell(composer.form().dataset.preview, body);
    if (!response.ok) { window.leadsite.toast(page.refusal(response.status)); return; }
    $("ib-preview").innerHTML = await response.text();
    $("ib-preview").showModal();
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    const button = on("[data-when]");
    if (button && composer.form()) opens[button.dataset.when](button);
    if (on(".ib-when__choice")) answer(on(".ib-when__choice").dataset.at);
    if (on("#ib-later-open") || on("#ib-hint-change")) sendLater();
    if (on("#ib-preview-open")) preview();
  });
})();
