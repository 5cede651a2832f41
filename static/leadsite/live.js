/* The doorbell. Any staff page may load this after app.js and listen on document:
   leadsite:ring {conversation, what} · leadsite:typing {conversation, user, name}
   leadsite:poll (every 10 s, and when the connection is back). Ids only; the page
   fetches what changed. An element [data-conn] is shown while reconnecting. */
(() => {
  "use strict";
  const POLL = 10000;
  const AMBER = 3000;
  const LONGEST = 10000;
  const TYPING = 2000;

  let socket = null;
  let tries = 0;
  let amber = null;
  let lastTyping = 0;

  const say = (name, detail = {}) =>
    document.dispatchEvent(new CustomEvent(`leadsite:${name}`, { detail }));

  function show(lost) {
    for (const mark of document.querySelectorAll("[data-conn]")) mark.hidden = !lost;
  }

  function lost() {
    amber ??= setTimeout(() => show(true), AMBER);
    const wait = Math.min(LONGEST, 500 * 2 ** tries) * (0.7 + Math.random() * 0.6);
    tries += 1;
    setTimeout(connect, wait);
  }

  function back() {
    clearTimeout(amber);
    amber = null;
    show(false);
    if (tries > 0) say("poll");
    tries = 0;
  }

  function heard(event) {
    const { ring, typing, ...more } = JSON.parse(event.data);
    if (ring) say("ring", { conversation: ring, ...more });
    if (typing) say("typing", { conversation: typing, ...more });
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/ws/inbox/`);
    socket.addEventListener("open", back);
    socket.addEventListener("message", heard);
    socket.addEventListener("close", () => { lost(); say("poll"); });
  }

  /** Tell colleagues that this person is replying in a conversation. */
  function typing(conversation) {
    const now = Date.now();
    if (now - lastTyping < TYPING || socket?.readyState !== WebSocket.OPEN) return;
    lastTyping = now;
    socket.send(JSON.stringify({ typing: conversation }));
  }

  window.leadsite.live = { typing, drop: () => socket?.close() };
  amber = setTimeout(() => show(true), AMBER);
  connect();
  setInterval(() => say("poll"), POLL);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) say("poll"); });
})();
