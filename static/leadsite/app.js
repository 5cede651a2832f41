/* The shell's helpers: window.leadsite and the list of keys. */
(() => {
  "use strict";
  const KEYS = "leadsite.keys";

  const store = {
    get(name, fallback) {
      try { return localStorage.getItem(name) ?? fallback; } catch { return fallback; }
    },
    set(name, value) {
      try { localStorage.setItem(name, value); } catch { /* private mode: forget it */ }
    },
  };

  /** True while the person types, so that single keys stay letters. */
  function typing(target) {
    if (!(target instanceof Element)) return false;
    return Boolean(
      target.closest("input, textarea, select, [contenteditable=''], [contenteditable='true']"),
    );
  }

  const keysOn = () => store.get(KEYS, "1") === "1";

  /** Call `handlers[key](event)` for a single key outside fields and dialogs. */
  function onKeys(handlers) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!keysOn() || typing(event.target) || document.querySelector("dialog[open]")) return;
      const handler = handlers[event.key];
      if (handler && handler(event) !== false) event.preventDefault();
    });
  }

  /** Show words for a moment; with `undo` a button that takes it back. */
  function toast(words, { undo = null, label = "Undo", seconds = 5 } = {}) {
    const box = document.getElementById("ls-toasts");
    const item = document.createElement("div");
    item.className = "ls-toast";
    item.append(words);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => { item.remove(); undo(); });
      item.append(button);
    }
    box.append(item);
    setTimeout(() => item.remove(), seconds * 1000);
    return item;
  }

  /** "(3) Inbox" in the tab; 0 takes the number away. */
  function titleCount(count) {
    const bare = document.title.replace(/^\(\d+\)\s*/, "");
    document.title = count > 0 ? `(${count}) ${bare}` : bare;
  }

  function keysDialog() {
    const dialog = document.getElementById("ls-keys");
    const box = document.getElementById("ls-keys-on");
    if (!dialog || !box) return;
    box.checked = keysOn();
    box.addEventListener("change", () => store.set(KEYS, box.checked ? "1" : "0"));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || typing(event.target) || dialog.open) return;
      event.preventDefault();
      dialog.showModal();
    });
    for (const opener of document.querySelectorAll("[data-keys]")) {
      opener.addEventListener("click", () => dialog.showModal());
    }
  }

  window.leadsite = { store, typing, onKeys, keysOn, toast, titleCount };

  window.addEventListener("load", () => {
    keysDialog();
    onKeys({ t: () => window.dispatchEvent(new CustomEvent("opencommand")) });
    document.body.addEventListener("htmx:responseError", (event) => {
      if (event.detail.xhr.status === 401) return;
      toast("That did not work. Nothing was changed; try again.");
    });
    document.body.addEventListener("htmx:sendError", () => {
      toast("No connection. Nothing was changed.");
    });
  });
})();
