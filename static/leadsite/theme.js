/* The person's choice of theme on pages without the admin's script. */
(() => {
  let theme = "auto";
  try { theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto"; } catch { /* as the system */ }
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.add(dark ? "dark" : "light");
})();
