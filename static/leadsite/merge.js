/* Fragments into the page without moving what the person looks at or types in:
   window.leadsite.merge. A part is [data-part]; lists are merged by element id. */
(() => {
  "use strict";
  const kept = new WeakMap(); // element → the HTML the server last sent for it

  const parse = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  /** Remember what the server rendered, before scripts change it. */
  function remember(root) {
    for (const part of root.querySelectorAll("[data-part]")) {
      kept.set(part, part.innerHTML);
      for (const child of part.children) if (child.id) kept.set(child, child.innerHTML);
    }
  }

  /** True while the person types or edits inside; such a box is left alone. */
  function busy(element) {
    const active = document.activeElement;
    const field = active && active.matches("input, textarea, select");
    return (field && element.contains(active)) || element.querySelector("[data-editing]");
  }

  function pathTo(root, target) {
    const path = [];
    for (let node = target; node && node !== root; node = node.parentElement) {
      path.unshift([...node.parentElement.children].indexOf(node));
    }
    return path;
  }

  /** Replace the inside; the focus stays on the same place of the new inside. */
  function replaceInside(element, fresh) {
    const active = document.activeElement;
    const path = active !== element && element.contains(active) ? pathTo(element, active) : null;
    element.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    if (!path) return;
    let node = element;
    for (const index of path) node = node?.children[index];
    // What had the focus is gone: stay in the conversation, so that keys go on.
    (node ?? element.closest("[tabindex]"))?.focus({ preventScroll: true });
  }

  function copyAttributes(element, fresh) {
    for (const { name, value } of fresh.attributes) {
      if (name !== "id" && element.getAttribute(name) !== value) element.setAttribute(name, value);
    }
  }

  function patch(element, fresh) {
    if (kept.get(element) === fresh.innerHTML) return false;
    if (busy(element)) return false;
    kept.set(element, fresh.innerHTML);
    replaceInside(element, fresh);
    return true;
  }

  /** Bring one part up to date. Returns whether it changed. */
  function part(root, content, name) {
    const live = root.querySelector(`[data-part="${name}"]`);
    const fresh = content.querySelector(`[data-part="${name}"]`);
    if (!live || !fresh) return false;
    return patch(live, fresh);
  }

  function take(fresh) {
    const element = document.importNode(fresh, true);
    kept.set(element, fresh.innerHTML);
    return element;
  }

  /** Update rows where they are, in a list that must not move. Counts what is new. */
  function inPlace(live, fresh) {
    const wanted = new Map([...fresh.children].filter((c) => c.id).map((c) => [c.id, c]));
    for (const element of live.children) {
      if (!element.id || !element.classList.contains("ib-row")) continue;
      const row = wanted.get(element.id);
      element.classList.toggle("is-gone", !row);
      if (row) update(element, row);
      wanted.delete(element.id);
    }
    return [...wanted.values()].filter((row) => row.classList.contains("ib-row")).length;
  }

  function update(element, fresh) {
    copyAttributes(element, fresh);
    return patch(element, fresh);
  }

  /** Merge all rows, in the server's order. Returns the elements that are new. */
  function list(live, wanted, first = live.firstElementChild) {
    const have = new Map();
    for (let node = first; node; node = node.nextElementSibling) have.set(node.id, node);
    const added = [];
    let cursor = first;
    for (const fresh of wanted) {
      let element = have.get(fresh.id);
      if (element) {
        have.delete(fresh.id);
        update(element, fresh);
      } else {
        element = take(fresh);
        added.push(element);
      }
      if (element === cursor) cursor = cursor.nextElementSibling;
      else live.insertBefore(element, cursor);
    }
    for (const gone of have.values()) gone.remove();
    return added;
  }

  /** Merge a thread's items; earlier pages that were fetched before stay. */
  function items(live, fresh) {
    const wanted = [...fresh.children];
    const start = wanted.findIndex((item) => !item.id.startsWith("day-"));
    const anchor = start >= 0 && document.getElementById(wanted[start].id);
    if (!anchor || !live.contains(anchor)) return list(live, wanted);
    return list(live, wanted.slice(start), anchor);
  }

  window.leadsite.merge = { parse, remember, busy, part, list, items, inPlace, take };
})();
