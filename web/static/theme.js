// Runs before the page is drawn: a remembered theme does not flash, and what only a script
// can do has its room from the beginning.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  try {
    const remembered = localStorage.getItem("theme");
    if (remembered === "light" || remembered === "dark") root.dataset.theme = remembered;
  } catch { /* private mode: nothing is remembered */ }
})();
