// Runs before the first paint, so that a chosen theme never flashes.
try {
  var theme = JSON.parse(localStorage.getItem('klamm.settings') || '{}').theme;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch (_) {}
