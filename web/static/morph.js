// Makes one piece of a document equal to another and keeps what is the same: its focus,
// scroll positions, selection and opened details stay, because the elements do.

// What a script or a reader may have set on an element that the server's text does not know.
const own = new Set(["open", "style", "tabindex"]);

// Rows are known by what they lead to, so that one of them stays itself where it moves.
function keyOf(element) {
  if (element.dataset.liveKey) return element.dataset.liveKey;
  if (element.id) return `#${element.id}`;
  const link = element.matches("tr, li") ? element.querySelector("a[href]") : element;
  return link ? link.getAttribute("href") : null;
}

function isLike(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) return false;
  return old.nodeType !== Node.ELEMENT_NODE || keyOf(old) === keyOf(next);
}

function takeAttributes(old, next) {
  for (const { name, value } of next.attributes) {
    if (!own.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!own.has(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  }
}

/** What is marked data-live-keep is left to the script that fills it. `changed` collects the
    elements whose text is new. `next` is used up. */
export function morph(old, next, changed = new Set()) {
  if (old.hasAttribute("data-live-keep")) return changed;
  takeAttributes(old, next);
  let here = old.firstChild;
  const rest = [...next.childNodes];
  const isGone = (node) => (node.data?.trim() === "" || !rest.some((later) => isLike(node, later)));
  while (rest.length) {
    const wanted = rest.shift();
    let found = here;
    while (found && !isLike(found, wanted)) found = found.nextSibling;
    if (!found) {
      old.insertBefore(wanted, here);
      if (wanted.nodeType === Node.ELEMENT_NODE) changed.add(wanted);
      continue;
    }
    // what is moved loses its scroll position: what goes away goes first
    while (here !== found && isGone(here)) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
    if (found === here) here = here.nextSibling;
    else old.insertBefore(found, here);
    if (found.nodeType === Node.ELEMENT_NODE) morph(found, wanted, changed);
    else if (found.data !== wanted.data) {
      found.data = wanted.data;
      changed.add(old);
    }
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
  return changed;
}
