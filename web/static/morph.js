// Makes one piece of a document equal to another and keeps what is the same: its focus,
// scroll positions, selection and opened details stay, because the elements do.

// What a script or a reader may have set on an element that the server's text does not know.
const own = new Set(["open", "style"]);

function keyOf(element) {
  if (element.id) return `#${element.id}`;
  const link = element.matches("a[href]") ? element : element.querySelector("a[href]");
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

/** `changed` collects the elements whose text is new. Neither may be used afterwards as `next`. */
export function morph(old, next, changed = new Set()) {
  takeAttributes(old, next);
  let here = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    let found = here;
    while (found && !isLike(found, wanted)) found = found.nextSibling;
    if (!found) {
      old.insertBefore(wanted, here);
      changed.add(old);
      continue;
    }
    // what stands between is gone; a row that moved down is found again later, or made anew
    while (here !== found) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
    if (found.nodeType === Node.ELEMENT_NODE) morph(found, wanted, changed);
    else if (found.data !== wanted.data) {
      found.data = wanted.data;
      changed.add(old);
    }
    here = found.nextSibling;
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
  return changed;
}
