"use strict";
// Renews what changed of the page, node by node: what is focused or selected stays so, nothing jumps, and readers
// hear what is new.
const wait = () => 1000 * Number(document.getElementById("page").dataset.every || 15);
const stale = (is) => { document.getElementById("stale").hidden = !is; };
const key = (node) => node.id || node.dataset?.key || "";
const alike = (now, next) => now.nodeName === next.nodeName && key(now) === key(next);

function renewAttributes(now, next) {
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
}

function renewNode(now, next) {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  renewAttributes(now, next);
  let at = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    let found = at;
    // What has a key is looked for behind what has gone or is new before it.
    while (found && !alike(found, wanted)) found = key(wanted) ? found.nextSibling : null;
    if (!found) {
      now.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    while (at !== found) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    at = found.nextSibling;
    renewNode(found, wanted);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

let timer = 0;
let isRenewing = false;

async function renew() {
  if (!document.hidden && !isRenewing) {
    isRenewing = true;
    try {
      // An answer that never comes is none.
      const options = { headers: { accept: "text/html" }, signal: AbortSignal.timeout(20000) };
      const answer = await fetch(location.href, options);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const page = next.getElementById("page");
      if (!page) throw new Error("another page");
      if (document.title !== next.title) document.title = next.title;
      for (const id of ["as-of", "page"]) renewNode(document.getElementById(id), next.getElementById(id));
      stale(false);
    } catch {
      stale(true);
    }
    isRenewing = false;
  }
  clearTimeout(timer);
  timer = setTimeout(renew, wait());
}

// Whoever comes back sees what is, and not what was when they left.
document.addEventListener("visibilitychange", renew);
timer = setTimeout(renew, wait());
