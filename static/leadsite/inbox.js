/* The inbox: list, open conversation, actions, keys. Content comes over HTTP only. */
(() => {
  "use strict";
  const { merge, page, composer, draft, store, toast, titleCount } = window.leadsite;
  const { $, ask, refusal, single } = page;
  const data = JSON.parse(document.getElementById("ib-data").textContent);
  const root = $("ib");
  const list = $("ib-list");
  let pointerInList = false;
  let waiting = null; // the list's latest HTML, while its order is frozen
  let token = 0;
  let opening = 0;

  const thread = () => $("ib-thread");
  const opened = () => thread()?.dataset.conversation ?? "";

  const post = page.poster({
    seconds: Math.max(data.undo, 5),
    open: (url) => open(url),
    done: (answer) => { if (answer.body && !answer.error) composer.takenBack(answer); refreshAll(); },
  });
  window.leadsite.post = post;

  // --- the list -----------------------------------------------------------------
  function query() {
    const params = new URLSearchParams(new FormData($("ib-search")));
    for (const [name, value] of [...params]) if (!value) params.delete(name);
    return params;
  }

  const refreshList = single(async () => {
    const params = query();
    const shown = list.querySelectorAll(".ib-row").length;
    params.set("limit", Math.max(30, shown));
    if (opened()) params.set("open", opened());
    const asked = ++token;
    const response = await ask(`${data.rows}?${params}`);
    if (!response.ok || asked !== token) return;
    const content = merge.parse(await response.text());
    if (merge.part(root, content, "tabs")) showTab();
    merge.part(root, content, "empty");
    notice(content);
    needs(content);
    waiting = content.querySelector('[data-part="rows"]');
    settle();
  });

  const frozen = () => pointerInList || (list.contains(document.activeElement) && !list.hidden);

  /** Put the latest rows in order, unless somebody points at the list. */
  function settle() {
    if (!waiting) return;
    const pill = $("ib-pill");
    if (frozen()) {
      const count = merge.inPlace(list, waiting) + moved();
      pill.hidden = count === 0;
      if (pill.textContent !== `${count} new`) {
        pill.textContent = `${count} new`;
        if (count) $("ib-live").textContent = `${count} new in the list`;
      }
    } else {
      merge.list(list, [...waiting.children]);
      waiting = null;
      pill.hidden = true;
    }
    mark();
  }

  /** Rows whose last message is newer than what the frozen order was made for. */
  function moved() {
    let count = 0;
    for (const row of list.querySelectorAll(".ib-row")) {
      row.dataset.seen ??= row.dataset.last;
      if (row.dataset.seen !== row.dataset.last) count += 1;
    }
    return count;
  }

  function thaw() {
    for (const row of list.querySelectorAll(".ib-row")) row.dataset.seen = row.dataset.last;
    settle();
  }

  function mark() {
    for (const row of list.querySelectorAll(".ib-row")) {
      const link = row.querySelector("a");
      if (row.dataset.conversation === opened()) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      row.dataset.seen ??= row.dataset.last;
    }
  }

  // The pill lies over the list: on the way to it the order must not move either.
  $("ib-side").addEventListener("pointerenter", (event) => { pointerInList = event.pointerType === "mouse"; });
  $("ib-side").addEventListener("pointerleave", () => { pointerInList = false; thaw(); });
  list.addEventListener("focusout", () => setTimeout(() => { if (!frozen()) thaw(); }));
  $("ib-pill").addEventListener("click", () => {
    pointerInList = false;
    if (list.contains(document.activeElement)) document.activeElement.blur();
    thaw();
    $("ib-side").scrollTop = 0;
  });

  async function more(button) {
    const params = query();
    params.set("after", button.dataset.more);
    button.disabled = true;
    const response = await ask(`${data.rows}?${params}`);
    button.closest("li").remove();
    for (const row of [...merge.parse(await response.text()).children]) {
      if (!$(row.id)) list.append(merge.take(row));
    }
    mark();
  }

  function show(tab) {
    $("ib-search").elements.tab.value = tab;
    search();
  }

  function search() {
    const params = query();
    const path = opened() ? location.pathname : data.rows.replace("rows/", "");
    history.replaceState({}, "", `${path}?${params}`);
    const filters = ["channel", "owner", "unread", "hot"].filter((name) => params.get(name)).length;
    $("ib-filters").hidden = filters === 0;
    $("ib-filters").textContent = filters;
    pointerInList = false;
    refreshList();
  }

  // --- the open conversation ----------------------------------------------------
  async function open(url, { push = true, focus = true } = {}) {
    const mine = ++opening;
    const response = await ask(url);
    if (mine !== opening) return; // another was chosen meanwhile
    if (!response.ok) { toast(refusal(response.status)); return; }
    $("ib-open").replaceChildren(merge.parse(await response.text()));
    if (push) history.pushState({}, "", url);
    begin(focus);
  }

  function begin(focus) {
    root.dataset.pane = opened() ? "thread" : "list";
    delete root.dataset.panel;
    if (!opened()) return;
    merge.remember($("ib-open"));
    composer.open($("ib-open"));
    toBottom();
    read();
    mark();
    if (focus) thread().focus({ preventScroll: true });
    const box = $("ib-scroll");
    let atBottom = true;
    box.addEventListener("scroll", () => {
      atBottom = nearBottom();
      if (atBottom) $("ib-down").hidden = true;
    });
    // A card or a keyboard takes room: what was in sight at the end stays so.
    new ResizeObserver(() => { if (atBottom && opened()) toBottom(); }).observe(box);
  }

  function read() {
    const row = $(`row-${opened()}`);
    if (document.hidden || !composerForm() || (row && !row.classList.contains("is-unread"))) return;
    page.tell(thread().dataset.read).then(refreshList, () => {});
  }
  const composerForm = () => $("ib-composer");

  function close() {
    $("ib-open").replaceChildren();
    root.dataset.pane = "list";
    const params = query();
    history.pushState({}, "", `${data.rows.replace("rows/", "")}?${params}`);
    mark();
  }

  const nearBottom = () => {
    const box = $("ib-scroll");
    return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  };
  const toBottom = () => { $("ib-scroll").scrollTop = $("ib-scroll").scrollHeight; };

  const refreshThread = single(async () => {
    const id = opened();
    if (!id) return;
    const response = await ask(thread().dataset.update);
    if (opened() !== id) return;
    if (response.status === 404) { close(); toast("This conversation is no longer yours to see."); return; }
    if (!response.ok) return;
    const content = merge.parse(await response.text());
    const bottom = nearBottom();
    draft.outdate(content);
    for (const name of ["head", "draft", "who"]) merge.part(root, content, name);
    const fresh = content.querySelector('[data-part="items"]');
    const added = merge.items($("ib-items"), fresh).filter((item) => item.querySelector("article"));
    root.querySelector('[data-part="ways"]').dataset.state = content.querySelector('[data-part="ways"]').dataset.state;
    composer.update($("ib-open"));
    if (bottom) toBottom();
    else if (added.length) $("ib-down").hidden = false;
    if (added.length) read();
  });

  const refreshPanel = single(async () => {
    const id = opened();
    if (!id) return;
    const response = await ask(thread().dataset.panel);
    if (!response.ok || opened() !== id) return;
    const content = merge.parse(`<aside data-part="panel">${await response.text()}</aside>`);
    merge.part(root, content, "panel");
  });

  async function earlier(button) {
    button.disabled = true;
    const response = await ask(button.dataset.earlier);
    if (!response.ok) { button.disabled = false; return; }
    const content = merge.parse(await response.text());
    const box = $("ib-scroll");
    const height = box.scrollHeight;
    const items = [...content.querySelector('[data-part="items"]').children];
    for (const item of items) $(item.id)?.remove();
    $("ib-items").prepend(...items.map(merge.take));
    merge.part(root, content, "earlier");
    box.scrollTop += box.scrollHeight - height;
  }

  function refreshAll() {
    refreshList();
    refreshThread();
    refreshPanel();
  }

  document.addEventListener("leadsite:poll", refreshAll);
  let soon = null;
  document.addEventListener("leadsite:ring", ({ detail }) => {
    if (detail.conversation === opened()) { refreshThread(); refreshPanel(); }
    soon ??= setTimeout(() => { soon = null; refreshList(); }, 150);
  });
  window.addEventListener("popstate", () => {
    const there = location.pathname.match(/inbox\/([0-9a-f-]{36})\//);
    if (there) open(location.href, { push: false });
    else { $("ib-open").replaceChildren(); root.dataset.pane = "list"; mark(); }
  });

  /** How many need a person: in the tab's title, the menu and the phone's bar. */
  function needs(content) {
    const count = Number(content.querySelector('[data-tab="needs"] .ls-tab__n')?.textContent ?? 0);
    titleCount(count);
    const home = data.rows.replace("rows/", "");
    const marks = document.querySelectorAll(`#nav-sidebar-apps a[href="${home}"] > span:last-child, .ls-bottom a[href="${home}"] .ls-bottom__badge`);
    for (const mark of marks) {
      const number = [...mark.childNodes].find((node) => node.nodeType === 3 && /\d/.test(node.data));
      if (!number) continue;
      number.data = number.data.replace(/\d+/, count);
      mark.hidden = count === 0;
    }
  }

  /** On a phone the tabs scroll: keep the chosen one in sight. */
  function showTab() {
    root.querySelector(".ib-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  // --- notices ------------------------------------------------------------------
  let told = null;
  function notice(content) {
    const alerts = JSON.parse(content.querySelector('[data-part="alerts"]').dataset.alerts || "[]");
    const fresh = told ? alerts.filter((one) => !told.has(one.id)) : [];
    told ??= new Set();
    for (const one of alerts) told.add(one.id);
    for (const one of fresh) {
      if (store.get("leadsite.notices", "") === "1" && window.Notification?.permission === "granted") {
        const shown = new Notification("Leadsite", { body: one.words, tag: one.id });
        shown.onclick = () => { window.focus(); open(data.thread.replace(data.nobody, one.conversation)); };
      }
    }
    if (fresh.length && store.get("leadsite.sound", "") === "1") beep();
  }

  function beep() {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
    tone.onended = () => audio.close();
  }

  $("ib-notice-on").checked = store.get("leadsite.notices", "") === "1";
  $("ib-sound-on").checked = store.get("leadsite.sound", "") === "1";
  $("ib-sound-on").addEventListener("change", (event) => {
    store.set("leadsite.sound", event.target.checked ? "1" : "");
    if (event.target.checked) beep();
  });
  $("ib-notice-on").addEventListener("change", async (event) => {
    const wanted = event.target.checked;
    const granted = wanted ? await window.Notification?.requestPermission() : "";
    event.target.checked = wanted && granted === "granted";
    store.set("leadsite.notices", event.target.checked ? "1" : "");
    $("ib-notice-words").textContent = wanted && granted !== "granted" ? "The browser does not allow notices here." : "";
  });

  Object.assign(window.leadsite, { inbox: { open, close, opened, show, search, more, earlier, toBottom, refreshAll } });

  // --- begin --------------------------------------------------------------------
  merge.remember(document);
  for (const row of list.children) row.dataset.seen = row.dataset.last;
  needs(root);
  showTab();
  begin(false);
  notice(root);
})();
