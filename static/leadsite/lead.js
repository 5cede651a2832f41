/* The lead's page: its parts stay up to date; the timeline begins at its end. */
(() => {
  "use strict";
  const { merge, page } = window.leadsite;
  const { $ } = page;
  const root = $("ld");
  const box = $("ld-scroll");
  const items = $("ld-items");
  const PARTS = ["head", "none", "files", "history", "score", "facts", "rest"];

  const nearBottom = () => box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const toBottom = () => { box.scrollTop = box.scrollHeight; };

  const refresh = page.single(async () => {
    const response = await page.ask(root.dataset.update);
    if (response.status === 404) { location.assign(root.querySelector(".ld-back").href); return; }
    if (!response.ok) return;
    const content = merge.parse(await response.text());
    for (const name of PARTS) merge.part(root, content, name);
    const fresh = content.querySelector('[data-part="items"]');
    if (!items || !fresh) return;
    const bottom = nearBottom();
    const unfolded = [...items.querySelectorAll("details[open]")].map((one) => one.dataset.fold);
    merge.items(items, fresh);
    for (const fold of items.querySelectorAll("details")) {
      if (unfolded.includes(fold.dataset.fold)) fold.open = true;
    }
    if (bottom) toBottom();
  });

  document.addEventListener("leadsite:changed", refresh);
  document.addEventListener("leadsite:poll", refresh);
  document.addEventListener("leadsite:ring", ({ detail }) => {
    if (detail.conversation === root.dataset.conversation) refresh();
  });

  // --- earlier ------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-earlier]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const response = await page.ask(link.href);
    if (!response.ok) return;
    const content = merge.parse(await response.text());
    const height = box.scrollHeight;
    const older = [...content.querySelector('[data-part="items"]').children];
    for (const item of older) $(item.id)?.remove();
    items.prepend(...older.map(merge.take));
    merge.part(root, content, "earlier");
    box.scrollTop += box.scrollHeight - height;
  });

  // --- the phone's parts --------------------------------------------------------
  function show(pane) {
    root.dataset.pane = pane;
    for (const tab of root.querySelectorAll("[data-pane-tab]")) {
      if (tab.dataset.paneTab === pane) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    if (pane === "timeline" && box) toBottom();
  }
  for (const tab of root.querySelectorAll("[data-pane-tab]")) {
    tab.addEventListener("click", (event) => {
      if (tab.dataset.paneTab === "timeline" && root.dataset.tab !== "timeline") return;
      event.preventDefault();
      show(tab.dataset.paneTab);
    });
  }
  document.addEventListener("leadsite:goto", () => show("timeline"));

  // --- details: what was typed is not lost by a click -----------------------------
  const form = root.querySelector("[data-guard]");
  let typed = false;
  form?.addEventListener("input", () => { typed = true; });
  form?.addEventListener("submit", () => { typed = false; });
  window.addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });

  // --- begin --------------------------------------------------------------------
  merge.remember(document);
  if (items) {
    toBottom();
    if (root.dataset.at) page.goTo(root.dataset.at);
  }
})();
