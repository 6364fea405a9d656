// Runs before the page is drawn, so that a remembered theme does not flash.
(() => {
  const remembered = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (remembered === "light" || remembered === "dark") document.documentElement.dataset.theme = remembered;
})();
