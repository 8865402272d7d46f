'use strict';
(() => {
  const label = document.getElementById('search');
  const found = document.getElementById('found');
  const rows = [...document.querySelectorAll('tbody tr, .row:not(.all)')];
  const summaries = () => [...document.querySelectorAll('main summary')].filter((it) => it.offsetParent !== null);
  if (rows.length > 1) {
    const input = label.querySelector('input');
    const folds = [...document.querySelectorAll('details.fold')];
    const open = folds.map((it) => it.open);
    label.hidden = false;
    input.addEventListener('input', () => {
      const wanted = input.value.trim().toLowerCase();
      let count = 0;
      for (const row of rows) {
        row.hidden = wanted !== '' && !row.textContent.toLowerCase().includes(wanted);
        count += row.hidden ? 0 : 1;
      }
      folds.forEach((fold, n) => {
        const own = rows.filter((row) => fold.contains(row));
        fold.hidden = own.length > 0 && own.every((row) => row.hidden);
        fold.open = wanted === '' ? open[n] : true;
      });
      found.textContent = wanted === '' ? '' : `${count} of ${rows.length} rows`;
    });
    document.addEventListener('keydown', (event) => {
      if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && document.activeElement !== input) {
        event.preventDefault();
        input.focus();
      } else if (event.key === 'Escape' && document.activeElement === input) {
        input.value = '';
        input.dispatchEvent(new Event('input'));
        input.blur();
      }
    });
  }
  document.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && document.activeElement.tagName === 'SUMMARY') {
      const all = summaries();
      const next = all[all.indexOf(document.activeElement) + step];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    }
  });
  // On paper everything is unfolded.
  let folded = [];
  window.addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details.fold:not([open])')];
    folded.forEach((it) => { it.open = true; });
  });
  window.addEventListener('afterprint', () => folded.forEach((it) => { it.open = false; }));
})();
