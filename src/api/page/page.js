"use strict";
// Renews the page's parts where they changed, so that nothing jumps and readers hear what is new.
const wait = () => 1000 * Number(document.getElementById("page").dataset.every || 15);
const stale = (is) => document.querySelectorAll(".stale").forEach((note) => { note.hidden = !is; });

function replace(now, next) {
  if (now.className !== next.className) now.className = next.className;
  const parts = [...now.children];
  const others = [...next.children];
  const alike = parts.length === others.length && parts.every((part, n) => part.tagName === others[n].tagName && part.id === others[n].id);
  if (alike && parts.some((part) => part.id || part.getAttribute("role"))) {
    parts.forEach((part, n) => replace(part, others[n]));
  } else if (now.innerHTML !== next.innerHTML) {
    now.innerHTML = next.innerHTML;
  }
}

async function renew() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const page = next.getElementById("page");
      if (!page) throw new Error("another page");
      document.title = next.title;
      document.getElementById("as-of").replaceWith(next.getElementById("as-of"));
      document.getElementById("page").dataset.every = page.dataset.every;
      replace(document.getElementById("page"), page);
      stale(false);
    } catch {
      stale(true);
    }
  }
  setTimeout(renew, wait());
}

document.addEventListener("visibilitychange", () => { document.documentElement.dataset.seen = String(!document.hidden); });
setTimeout(renew, wait());
